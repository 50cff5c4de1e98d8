"""An instant such as 2026-07-01T09:00+02:00."""

from argparse import ArgumentTypeError
from datetime import datetime

from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant


def instant(text: str) -> datetime:
    """Return the aware datetime that ``text`` names in ISO 8601.

    Raises:
        ArgumentTypeError: another form, no time zone, or outside what is taken.
    """
    try:
        value = read_instant(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is no date and time; write it like 2026-07-01T09:00+02:00"
        ) from None
    if value.tzinfo is None:
        whole = text if ":" in text else value.isoformat(timespec="minutes")
        raise ArgumentTypeError(
            f"{text!r} has no time zone; write {whole}Z for UTC, or an offset such as {whole}+02:00"
        )
    try:
        return checked_instant(value)
    except InvalidInstant as problem:
        raise ArgumentTypeError(f"{text!r} {problem}") from None
