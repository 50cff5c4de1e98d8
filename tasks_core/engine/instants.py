"""Instants as people and programs write them."""

from __future__ import annotations

from datetime import datetime


def read_instant(text: str) -> datetime:
    """Return the instant that ``text`` names in ISO 8601 or RFC 3339; without an offset it is naive.

    RFC 3339 lets its letters be lower-case, ``2026-07-01t09:00:00z``, which Python does not read.

    Raises:
        ValueError: another form.
    """
    text = text.strip()
    return datetime.fromisoformat(text[:-1] + "Z" if text.endswith("z") else text)
