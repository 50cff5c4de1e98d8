"""Read the text of a file, whatever program wrote it."""

import codecs
import io
from collections.abc import Iterator
from typing import TextIO

from notifications.tabular.exceptions import UnreadableTable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(file: io.BufferedReader) -> io.TextIOWrapper:
    """Return the text of ``file``: UTF-8, or UTF-16 with the mark that spreadsheets begin it with.

    Lines end as they do in the file. Reading it raises UnicodeDecodeError (see ``lines_of``) where it is
    neither.
    """
    begin = file.peek(4)[:4]
    encoding = next((name for mark, name in _MARKS if begin.startswith(mark)), "utf-8")
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def lines_of(text: TextIO) -> Iterator[str]:
    """Return line by line, ends included.

    Raises:
        UnreadableTable: names the line at which the text is in no encoding that is understood.
    """
    number = 0
    while True:
        try:
            line = text.readline()
        except UnicodeDecodeError as error:
            # Some lines are decoded ahead, so the bad byte may be in a later one.
            ahead = error.object[: error.start].count(b"\n")
            raise UnreadableTable(
                number + 1 + ahead, "is not UTF-8; save the file as 'CSV UTF-8', and try again"
            ) from None
        if not line:
            return
        number += 1
        yield line
