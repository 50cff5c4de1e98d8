"""The Retry-After header, which is a number of seconds or an HTTP date (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST = 1.0
LONGEST = 3600.0

FARTHEST = 1e10
"""Three centuries: what is said with hundreds of digits must not become infinite."""

_MOST_CHARACTERS = 100
"""Of a date: its longest form has 37."""


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait, between one second and one hour, or None if it says nothing."""
    seconds = seconds_asked(value, now)
    return None if seconds is None else min(max(seconds, SHORTEST), LONGEST)


def seconds_asked(value: str | None, now: datetime) -> float | None:
    """Return the seconds until the instant that the header names, however far away, or None.

    It is None too for what names no instant at all, such as a year of fourteen digits.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), FARTHEST)
    return _until(text, now) if 0 < len(text) <= _MOST_CHARACTERS else None


def _until(text: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return (instant - now).total_seconds()
    except Exception:  # noqa: BLE001 besides ValueError the parser raises OverflowError, TypeError, IndexError
        return None
