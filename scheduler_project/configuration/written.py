"""How values are written: what a shell would take away, and other readers of the same file do not."""

import re
from collections.abc import Iterator, Mapping

BOM = "\ufeff"

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“"}
_COMMENT = re.compile(r"(?:^|\s)#(?:\s|$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINES = re.compile(r"[\r\n]")


def mistakes_in_writing(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return each variable whose value holds what does not belong to it, and what that is."""
    for name, value in values.items():
        if problem := _problem(value):
            yield name, problem


def marked_names(names: Mapping[str, str]) -> Iterator[str]:
    """Return the variables whose names begin with the mark at the beginning of a file."""
    return (name.removeprefix(BOM) for name in names if name.startswith(BOM))


def _problem(value: str) -> str:
    given = value.strip(" \t\n")
    if given.startswith(BOM):
        return "begins with a byte order mark; save the file it comes from as UTF-8 without one"
    if given.endswith("\r"):
        return "ends with a carriage return; save the file it comes from with the line ends of Unix"
    if _CONTROL.search(given) or (_LINES.search(given) and not given.startswith("{")):
        return "holds a line break or another control character; write it in one line"
    if len(given) > 1 and _QUOTES.get(given[0]) == given[-1] and given[0] not in given[1:-1]:
        return "stands in quotes, which not every reader takes away; write it without them"
    if _COMMENT.search(given):
        return (
            "holds a comment, which is taken for a part of it; give the comment a line of its own"
        )
    return ""
