"""A length of time such as 90, 90s, 15m, 2h or 3d."""

import re
from argparse import ArgumentTypeError
from datetime import timedelta

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
LONGEST = timedelta(days=36_500)
FORM = re.compile(r"(-?\d+(?:\.\d+)?)([smhd]?)")


def duration(text: str) -> timedelta:
    """Return the length of time; a number without a unit is in seconds.

    Raises:
        ArgumentTypeError: another form, negative, or too long to be counted.
    """
    found = FORM.fullmatch(text.strip())
    if found is None:
        raise ArgumentTypeError(
            f"{text!r} is no length of time; write seconds (90), or 90s, 15m, 2h, 3d"
        )
    number, unit = found.groups()
    if number.startswith("-"):
        raise ArgumentTypeError(f"{text!r} must not be negative")
    seconds = float(number) * SECONDS[unit]
    if seconds > LONGEST.total_seconds():
        raise ArgumentTypeError(f"{text!r} is too long; at most {LONGEST.days}d are possible")
    return timedelta(seconds=seconds)
