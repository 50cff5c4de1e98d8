"""The Retry-After header, which is a number of seconds or an HTTP date (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST = 1.0
LONGEST = 3600.0


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Give the seconds to wait, between one second and one hour, or None if it says nothing."""
    seconds = seconds_asked(value, now)
    return None if seconds is None else min(max(seconds, SHORTEST), LONGEST)


def seconds_asked(value: str | None, now: datetime) -> float | None:
    """Give the seconds until the instant that the header names, however far away, or None."""
    text = (value or "").strip()
    if not text:
        return None
    return float(text) if text.isascii() and text.isdigit() else _until(text, now)


def _until(text: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - now).total_seconds()
