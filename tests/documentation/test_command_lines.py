"""The command lines in the documents are understood by the commands they call."""

from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from tests.documentation.markdown import documents, name_of
from tests.documentation.test_commands import commands


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    Path("code.json").write_text('{"code": "314159"}')
    Path("sms.json").write_text("{}")
    folder = Path("path/to/templates/welcome/email")
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("Welcome.")


def management_commands(document: Path) -> list[list[str]]:
    """Return name and arguments of each call of manage.py."""
    found = commands(document.read_text(encoding="utf-8"))
    return [words[2:] for words in found if words[1:2] == ["manage.py"] and words[2:]]


@pytest.mark.parametrize(
    "document", [page for page in documents() if management_commands(page)], ids=name_of
)
def test_arguments_are_understood(document: Path) -> None:
    for name, *arguments in management_commands(document):
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        parser.called_from_command_line = False  # it raises instead of leaving
        try:
            parser.parse_args(arguments)
        except CommandError as error:
            pytest.fail(f"{name} {' '.join(arguments)}: {error}")
