"""Instants as callers write them, and as receivers read them."""

import re
from datetime import UTC, datetime

from notifications.exceptions import InvalidTrigger
from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant

_BLANK_BEFORE_OFFSET = re.compile(r"(?<=\d)\s+(?=(?:[Zz]|[+-]\d{2}:?\d{2})$)")


def parse_instant(field: str, value: datetime | str) -> datetime:
    """Return the instant that ``value`` names, in UTC.

    A text is ISO 8601 with an offset: ``2020-01-01T15:46Z``, ``2020-01-01 15:44 Z``,
    ``2020-01-01T15:47:00+0000``, ``2020-01-01T15:48:00-05:30``. An instant in the past is fine.

    Raises:
        InvalidTrigger: another form, or no offset.
    """
    if isinstance(value, str):
        try:
            value = read_instant(_BLANK_BEFORE_OFFSET.sub("", value.strip()))
        except ValueError:
            raise InvalidTrigger(
                field, "is no date and time; write it like 2026-07-01T09:00:00+02:00"
            ) from None
    if not isinstance(value, datetime):
        raise InvalidTrigger(field, f"is a {type(value).__name__}; give a datetime or a text")
    if value.tzinfo is None:
        raise InvalidTrigger(field, "has no time zone; add Z for UTC, or an offset such as +02:00")
    try:
        return checked_instant(value)
    except InvalidInstant as problem:
        raise InvalidTrigger(field, str(problem)) from None


def written(instant: datetime) -> str:
    """Return an instant as receivers get it: ``2021-04-14T04:10:00Z``, with a fraction if it has one."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
