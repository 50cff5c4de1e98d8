"""JSON as PostgreSQL stores it."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any) -> str:
    """Return ``value`` as compact JSON.

    Raises:
        ValueError: something in it has no JSON form that PostgreSQL accepts (NaN, a NUL character, half
            of a surrogate pair).
        TypeError: a value of a type that JSON does not know.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    if "\\u0000" in text:
        raise ValueError("a string holds a NUL character, which PostgreSQL cannot store")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair, which is no Unicode") from None
    return text


def storable(text: str, *, limit: int) -> str:
    """Return ``text`` without what PostgreSQL cannot store, cut to ``limit`` characters."""
    clean = text.replace("\x00", "�").encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
