"""Every command that the documents tell people to type exists."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from scheduler_project.data_folder import CHECKOUT

FENCE = re.compile(r"^```(?:console|sh|bash|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|python|\./manage\.py|celery) [^`\n]+)`")
VARIABLE = re.compile(r"^[A-Z_]+=\S*$")


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return [CHECKOUT / name for name in listed.stdout.splitlines()]


def commands(text: str) -> list[list[str]]:
    """Return the words of each command in code blocks for a shell and in inline code."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    found = []
    for line in [*lines, *INLINE.findall(text)]:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and VARIABLE.match(words[0]):
            words.pop(0)
        if words:
            found.append(words)
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def is_known(words: list[str]) -> bool:
    program = Path(words[0]).name
    if program == "make":
        return all(word in targets() for word in words[1:] if "=" not in word and word[0] != "-")
    if program == "manage.py":
        return words[1] in get_commands()
    if program.startswith("python") and words[1].endswith("manage.py"):
        return words[2] in get_commands()
    if program.startswith("python") and words[1] == "-m":
        return importlib.util.find_spec(words[2]) is not None
    return True


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_commands_exist(document: Path) -> None:
    unknown = [words for words in commands(document.read_text()) if not is_known(words)]
    assert unknown == []


def test_commands_that_do_not_exist_are_found() -> None:
    text = """
```console
$ make tset ARGS=--exit   # a comment
$ DEBUG=true python manage.py migrat
$ python -m scheduler_project.nothing
$ make test
```
and `make demmo` or `./manage.py check`.
"""
    unknown = [words[:3] for words in commands(text) if not is_known(words)]
    assert unknown == [
        ["make", "tset", "ARGS=--exit"],
        ["python", "manage.py", "migrat"],
        ["python", "-m", "scheduler_project.nothing"],
        ["make", "demmo"],
    ]
