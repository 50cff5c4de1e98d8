"""Instants as people and programs write them, and which of them are taken."""

from datetime import UTC, datetime

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""Only between these: whatever is reckoned from such an instant, the clock of a zone or a span added, can be
written by Python and by PostgreSQL as well."""


class InvalidInstant(ValueError):
    """Says what is wrong with an instant and what would be right; the name of its field comes before it."""


def read_instant(text: str) -> datetime:
    """Return the instant that ``text`` names in ISO 8601 or RFC 3339; without an offset it is naive.

    RFC 3339 lets its letters be lower-case, ``2026-07-01t09:00:00z``, which Python does not read.

    Raises:
        ValueError: another form.
    """
    text = text.strip()
    return datetime.fromisoformat(text[:-1] + "Z" if text.endswith("z") else text)


def checked_instant(value: object) -> datetime:
    """Return an aware datetime in UTC, between ``EARLIEST`` and ``LATEST``.

    Whoever takes an instant from outside has it checked here: what lies in the first or the last hours of the
    calendar can be stored in one zone and not be read in another.

    Raises:
        InvalidInstant: it is no datetime, has no time zone, or lies outside.
    """
    if not isinstance(value, datetime):
        raise InvalidInstant(f"must be a datetime, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise InvalidInstant(
            f"({value.isoformat()}) has no time zone; use an aware datetime, "
            "for example django.utils.timezone.make_aware(value)"
        )
    try:
        found = value.astimezone(UTC)
    except OverflowError:
        found = None
    if found is None or not EARLIEST <= found < LATEST:
        raise InvalidInstant(
            f"must lie between the years {EARLIEST.year} and {LATEST.year - 1}, not in {value.year}"
        )
    return found
