"""Read a file twice that can be read once: to check all of it, and then to use it."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from notifications.tabular.exceptions import UnreadableTable

IN_MEMORY = 4 * 2**20
"""A copy that is longer goes to a temporary file."""


@contextmanager
def copied_lines(lines: Iterable[str]) -> Iterator[tuple[Iterator[str], Iterator[str]]]:
    """Give the lines of a file, and the same again for when those have been read to their end.

    Raises:
        UnreadableTable: names the line that holds what is no text.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="") as copy:
        yield _copied(lines, copy), _again(copy)


def _copied(lines: Iterable[str], copy: IO[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            copy.write(line)
        except UnicodeEncodeError:
            raise UnreadableTable(number, "holds half of a character") from None
        yield line


def _again(copy: IO[str]) -> Iterator[str]:
    copy.seek(0)
    yield from copy
