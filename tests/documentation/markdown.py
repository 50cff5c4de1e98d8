"""The documents, and the code blocks in them."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler_project.data_folder import CHECKOUT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, and what is in it."""

    document: Path
    line: int
    language: str
    text: str


def documents() -> list[Path]:
    """Return all Markdown files of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [CHECKOUT / name for name in sorted(listed.stdout.splitlines())]


def blocks(document: Path, *languages: str) -> Iterator[Block]:
    """Return the blocks of a document that are in one of these languages."""
    text = document.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1] in languages:
            line = text.count("\n", 0, found.start()) + 2
            yield Block(document, line, found[1], found[2])


def name_of(path: Path) -> str:
    """Return how people call a document."""
    return str(path.relative_to(CHECKOUT))
