"""The text of a file, or of standard input, that a command was given."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from django.core.management.base import CommandError

from notifications.tabular.decoding import decoded, lines_of


@contextmanager
def opened_lines(path: str) -> Iterator[Iterator[str]]:
    """Give the lines of a file, or of standard input for ``-``, read the same way.

    Raises:
        CommandError: it cannot be opened.
    """
    if path == "-":
        with _standard_input() as text:
            yield lines_of(text)
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    with decoded(file) as text:
        yield lines_of(text)


@contextmanager
def _standard_input() -> Iterator[TextIO]:
    raw = getattr(sys.stdin, "buffer", None)
    if raw is None:
        yield sys.stdin
        return
    text = decoded(raw)
    try:
        yield text
    finally:
        text.detach()  # it would close standard input with itself
