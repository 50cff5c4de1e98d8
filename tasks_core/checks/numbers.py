"""Numbers of the settings, and what they may be."""

from collections.abc import Mapping
from typing import NamedTuple

from django.core.checks import CheckMessage, Error

DAY = 86_400.0
LONGEST_DAYS = 36_500.0
MOST = 2**31 - 1


class Bounds(NamedTuple):
    """What a number may be, its bounds included."""

    least: float
    most: float
    whole: bool = False
    """Whether it has to be an integer."""

    def allow(self, value: object) -> bool:
        """Tell whether a value is such a number; one that is none (nan) is not."""
        kinds = int if self.whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return False
        return self.least <= value <= self.most

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.least:,g} to {self.most:,.15g}"


def check_numbers(bounds: Mapping[str, Bounds], given: object, *, code: str) -> list[CheckMessage]:
    """Name the settings whose numbers nobody can work with.

    Args:
        bounds: by name of the setting.
        given: the settings; the attribute of a number is its name in small letters.
        code: the id of the errors.
    """
    values = {name: getattr(given, name.lower()) for name in bounds}
    return [
        Error(f"BELLRINGER[{name!r}] is {values[name]!r}; it must be {allowed}", id=code)
        for name, allowed in bounds.items()
        if not allowed.allow(values[name])
    ]
