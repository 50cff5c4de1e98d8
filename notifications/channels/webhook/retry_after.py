"""The Retry-After header, which is a number of seconds or an HTTP date (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST = 1.0
LONGEST = 3600.0


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Give the seconds to wait, between one second and one hour, or None if it says nothing."""
    if not value:
        return None
    text = value.strip()
    seconds = float(text) if text.isascii() and text.isdigit() else _until(text, now)
    if seconds is None:
        return None
    return min(max(seconds, SHORTEST), LONGEST)


def _until(text: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - now).total_seconds()
