"""Ids, limits and rates."""

import re
from argparse import ArgumentTypeError

from tasks_core.client.find import MAX_LIMIT
from tasks_core.engine.bigint import LARGEST_BIGINT
from tasks_core.engine.rates import FASTEST, SLOWEST

LARGEST_COUNT = 2**31 - 1
RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?")
SECONDS_OF = {"s": 1.0, "m": 60.0, "h": 3_600.0}


def identifier(text: str) -> int:
    """Return the id of a row.

    Raises:
        ArgumentTypeError: not a whole number from 1.
    """
    return _between(text, 1, LARGEST_BIGINT, "an id: a whole number from 1")


def event_id(text: str) -> int:
    """Return the id of an event, or 0, which comes before all of them.

    Raises:
        ArgumentTypeError: not a whole number from 0.
    """
    return _between(text, 0, LARGEST_BIGINT, "an event's id: a whole number, or 0 for all events")


def row_limit(text: str) -> int:
    """Return how many rows to list at most.

    Raises:
        ArgumentTypeError: not a whole number from 1 to 1,000.
    """
    return _between(
        text, 1, MAX_LIMIT, f"a whole number from 1 to {MAX_LIMIT:,}; go on with --after"
    )


def positive(text: str) -> int:
    """Return how many, where none would be pointless.

    Raises:
        ArgumentTypeError: not a whole number from 1.
    """
    return _between(text, 1, LARGEST_COUNT, f"a whole number from 1 to {LARGEST_COUNT:,}")


def per_second(text: str) -> float:
    """Return a rate, written ``5``, ``5/s``, ``30/m`` or ``600/h``, as a number per second.

    Raises:
        ArgumentTypeError: another form, or nothing at all per second.
    """
    found = RATE.fullmatch(text.strip())
    rate = float(found[1]) / SECONDS_OF[found[2] or "s"] if found else 0.0
    if not SLOWEST <= rate <= FASTEST:
        raise ArgumentTypeError(
            f"{text[:50]!r} is no rate from one a day to {FASTEST:,} a second; write 5/s, 30/m or 600/h"
        )
    return rate


def _between(text: str, least: int, most: int, wanted: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
