"""JSON as PostgreSQL stores it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any


def json_text(value: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """Return ``value`` as compact JSON; ``default`` turns what JSON does not know into what it does.

    Raises:
        ValueError: something in it has no JSON form that PostgreSQL accepts (NaN, a NUL character, half
            of a surrogate pair).
        TypeError: a value of a type that JSON does not know.
    """
    encoder = _ENCODER if default is None else json.JSONEncoder(**_OPTIONS, default=default)
    text = encoder.encode(value)
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a string holds a NUL character, which PostgreSQL cannot store")
    try:
        byte_size(text)
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair, which is no Unicode") from None
    return text


def typed_json(text: str) -> Any:
    """Read JSON that a person has typed, if it can be stored and shown again.

    Raises:
        ValueError: it is no JSON (then a JSONDecodeError, which says where), is nested too deeply, or has a
            number, a NUL or half of a surrogate pair in it that nothing can keep.
    """
    check_depth(text)
    found = json.loads(text)
    json_text(found)
    return found


def check_depth(text: str) -> None:
    """Refuse JSON that is nested deeper than any reader on its way can follow.

    How deep one can follow depends on the calls it is in the middle of, so what was just written may be
    beyond whoever reads it next.

    Raises:
        ValueError: deeper than MAX_DEPTH.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for part in _BRACKETS.findall(text):
        depth += 1 if part in "[{" else -1 if part in "]}" else 0
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


MAX_DEPTH = 100

_BRACKETS = re.compile(r'[][{}]|"(?:[^"\\]|\\.)*"')
"""Brackets, and whole strings, in which brackets mean nothing."""


def byte_size(text: str) -> int:
    """Return the length of ``text`` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape itself, not a backslash that is followed by the same letters."""

_OPTIONS: dict[str, Any] = {
    "separators": (",", ":"),
    "allow_nan": False,
    "ensure_ascii": False,
}
_ENCODER = json.JSONEncoder(**_OPTIONS)


def storable(text: str, *, limit: int) -> str:
    """Return ``text`` without what PostgreSQL cannot store, cut to ``limit`` characters."""
    clean = text.replace("\x00", "�").encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
