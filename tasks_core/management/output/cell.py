"""One value as people read it."""

import json
from datetime import UTC, datetime
from typing import Any

from tasks_core.engine.redaction.plain_text import visible


def cell(value: Any) -> str:
    """Return ``value`` on one line, with nothing in it that could steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, dict):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
    return printable(str(value))


def printable(text: str) -> str:
    """Return ``text`` on one line, with control characters written as escapes.

    Errors and payloads come from anywhere; an escape sequence in one could rewrite what an operator sees.
    Joiners stay: without them Persian names and family emoji are other ones.
    """
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
