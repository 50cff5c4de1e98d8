"""How the fields of an event are read from its row.

A field says where its fact stands and how it is read. What is missing or not of the right kind gives the
default: a row that an older version wrote is no error.
"""

from collections.abc import Callable
from dataclasses import Field, field
from datetime import datetime
from typing import Any


def fact(read: Callable[[Any], Any], key: str = "") -> Any:
    """Make a dataclass field that ``read`` takes from ``key``: in the data, or the row's ``duration``."""
    return field(default=read(None), metadata={"read": read, "key": key})


def facts(fields: tuple[Field[Any], ...], row: dict[str, Any]) -> dict[str, Any]:
    """Return what ``fields`` find in ``row``: the event's data, and its duration."""
    return {
        f.name: f.metadata["read"](row.get(f.metadata["key"] or f.name))
        for f in fields
        if "read" in f.metadata
    }


def text(value: Any) -> str:
    """Read a text; empty if there is none."""
    return value if isinstance(value, str) else ""


def flag(value: Any) -> bool | None:
    """Read a truth value."""
    return value if isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """Read a number; a truth value is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None


def whole(value: Any) -> int | None:
    """Read a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def instant(value: Any) -> datetime | None:
    """Read an instant in ISO 8601; one without a zone is none."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
