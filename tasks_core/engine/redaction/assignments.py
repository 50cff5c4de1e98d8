"""Names and values inside a text: `password=...`, `"token": "..."`, `<pin>...</pin>`, headers."""

import re
from collections.abc import Iterator

from tasks_core.engine.redaction.extent import line_end, tag_end, value_end
from tasks_core.engine.redaction.letters import INVISIBLE
from tasks_core.engine.redaction.masking import Span
from tasks_core.engine.redaction.names import is_secret_name

_ASSIGNMENT = re.compile(
    rf"""
    (?<![\w$.\-{INVISIBLE}])
    [.{INVISIBLE}]*+ (?P<dashes>-++)?+
    (?P<name>[\w$@][\w$@.\-{INVISIBLE}]*+)
    (?P<after>
      (?:\\*+["'`]|%2[27])?+  [\])]?+  \s{{0,3}}+
      (?P<sign> => | := | =++ | :++(?!//) | ＝ | ： | %3[aAdD] | > )  \s{{0,3}}+
      (?:%2[27])?+
    | \s++(?P<verb>is|was|are)\s++:?+
    | (?(dashes)(?P<gap>\s++)(?=[^\s\-])|(?!))
    )
    """,  # noqa: RUF001 full-width signs
    re.VERBOSE,
)
_WORD_BEFORE = re.compile(r"([^\W\d_]{1,24}+)[ \-]{1,2}+$")
_HEADER = re.compile(r"(?i)authori[sz]ation|cookie")
_PART_OF_A_NAME = frozenset({"key", "keys", "code", "codes", "id", "word", "phrase"})
_SMALL_NUMBER = re.compile(r"-?\d{1,3}(?!\w)")


def assigned_spans(text: str, more: frozenset[str] = frozenset()) -> Iterator[Span]:
    """Return the places of values whose name says that they are secret.

    ``more`` has further words that make a name secret.
    """
    position = 0
    while (found := _ASSIGNMENT.search(text, position)) is not None:
        start = position = found.end()
        if not is_secret_name(_full_name(text, found), more):
            # The value may hold names of its own; a word is a candidate again after a mere gap.
            position = found.end("name") if found["sign"] is None else start
            continue
        end = _end(text, found)
        if end is None:
            position = found.end("name")
            continue
        yield start, end
        position = max(end, start)


def _full_name(text: str, found: re.Match[str]) -> str:
    name = found["name"]
    if name.lower() not in _PART_OF_A_NAME:
        return name
    before = _WORD_BEFORE.search(text, max(0, found.start() - 26), found.start())
    return f"{before[1]}_{name}" if before else name


def _end(text: str, found: re.Match[str]) -> int | None:
    """Return where the value ends, None if what follows the name is none."""
    start = found.end()
    if found["gap"] is not None:  # an option of a command: --password ...
        return value_end(text, start)
    if found["sign"] == ">":
        is_tag = text[found.start() - 1 : found.start()] == "<"
        return tag_end(text, start) if is_tag else None
    if found["name"].lower() == "code" and _SMALL_NUMBER.match(text, start):
        return None  # an exit status, or one of HTTP
    if _HEADER.search(found["name"]):
        return line_end(text, start)
    end = value_end(text, start)
    if found["verb"] is not None and not any(c.isdigit() for c in text[start:end]):
        return None  # "the token is invalid"
    return end
