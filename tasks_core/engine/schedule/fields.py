"""The fields of a cron expression: what each may hold, and its plainest way to write it.

The library's own messages say no more than "Bad hour". Here every item is checked first, so that an
error can name the field, quote the item and tell what would be right; and what people write but the
library does not read (``fri-mon``, ``22-2``, ``fril``) is put into words that it does.
"""

import re
from dataclasses import dataclass

from tasks_core.engine.schedule.errors import InvalidCron

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

LAST_WEEKDAY_OF_KIND = re.compile(r"(\w+)L|L(\d)")
NEAREST_WEEKDAY = re.compile(r"\d+W|W\d+")


@dataclass(frozen=True, slots=True)
class Field:
    """One of the six fields.

    Attributes:
        name: as errors call it.
        plural: as errors call its values.
        low: smallest value.
        high: largest value; ``top`` is the same without the second number for Sunday.
        names: names of the values, from ``low`` on.
    """

    name: str
    plural: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def top(self) -> int:
        """The last distinct value."""
        return 6 if self is WEEKDAY else self.high

    @property
    def size(self) -> int:
        """How many distinct values there are."""
        return self.top - self.low + 1

    @property
    def right(self) -> str:
        """What would be right, for errors."""
        words = f"{self.plural} are {self.low} to {self.high}"
        if self is WEEKDAY:
            words += " (0 and 7 are Sunday)"
        if self.names:
            words += f" or {self.names[0].lower()} to {self.names[-1].lower()}"
        return words

    def normalise(self, text: str) -> str:
        """Return the field in the words of the library.

        Raises:
            InvalidCron: an item of it is wrong.
        """
        return ",".join(self._item(item) for item in text.upper().split(","))

    def _item(self, item: str) -> str:
        base, slash, step = item.partition("/")
        special = _special(self, base)
        if special:
            if slash:
                raise self._wrong(item, f"has a step, which {base} cannot have")
            return special
        if not slash:
            return self._range(base, step=1)
        return self._range(base, step=self._step(item, step))

    def _step(self, item: str, step: str) -> int:
        if not is_number(step) or not int(step):
            raise self._wrong(item, "needs a whole number of at least 1 after the slash")
        if int(step) > self.size:
            raise self._wrong(
                item,
                f"has a step of {int(step)}, but there are {self.size} {self.plural} and counting "
                f"starts anew with each round; for a steady distance use an interval",
            )
        return int(step)

    def _range(self, base: str, *, step: int) -> str:
        """Return ``*``, a value or a range, with its step."""
        ending = f"/{step}" if step > 1 else ""
        if base == "*":
            return f"*{ending}"
        start, dash, end = base.partition("-")
        if not start or (dash and not end):
            raise self._wrong(base, f"lacks a value, {self.right}")
        first = self.value(start)
        if not dash:
            return f"{first}-{self.top}{ending}" if ending and first < self.top else str(first)
        last = self.value(end)
        if self is WEEKDAY and first > last:
            first %= self.high  # a week that begins with 7 begins with Sunday
        if first > last:
            return self._around(first, last, step)
        return f"{first}-{last}{ending}" if first < last else str(first)

    def _around(self, first: int, last: int, step: int) -> str:
        """Write out a range that runs over the end, such as 22-2 or fri-mon."""
        values = [*range(first, self.top + 1), *range(self.low, last + 1)]
        return ",".join(str(value) for value in values[::step])

    def value(self, text: str) -> int:
        """Return the number that a value means.

        Raises:
            InvalidCron: it is no value of this field.
        """
        if text in self.names:
            return self.names.index(text) + self.low
        if not is_number(text):
            raise self._wrong(text, f"is not understood, {self.right}")
        if not self.low <= int(text) <= self.high:
            raise self._wrong(text, f"is out of range, {self.right}")
        return int(text)

    def _wrong(self, text: str, problem: str) -> InvalidCron:
        return InvalidCron(self.name, text.lower(), problem)


SECOND = Field("second", "seconds", 0, 59)
MINUTE = Field("minute", "minutes", 0, 59)
HOUR = Field("hour", "hours", 0, 23)
DAY = Field("day of month", "days of month", 1, 31)
MONTH = Field("month", "months", 1, 12, MONTHS)
WEEKDAY = Field("day of week", "days of week", 0, 7, WEEKDAYS)

FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)
"""In the order of an expression with seconds."""


def is_number(text: str) -> bool:
    """Tell whether a text is a short whole number."""
    return text.isascii() and text.isdecimal() and len(text) <= 4


def _special(field: Field, item: str) -> str | None:
    """Return an item that is no number or range in the words of the library, or None."""
    if item == "?":
        raise InvalidCron(
            field.name,
            item,
            "is not known here, write *; and mind that other schedulers which know ? "
            "count days of week from 1 = Sunday, while here 0 is Sunday and 1 Monday",
        )
    if field is DAY:
        return _special_day(item)
    if field is WEEKDAY:
        return _special_weekday(item)
    return None


def _special_day(item: str) -> str | None:
    if NEAREST_WEEKDAY.fullmatch(item):
        raise InvalidCron(
            DAY.name,
            item.lower(),
            "(the weekday nearest to a day) is not supported; LW is the last weekday of the month",
        )
    return item if item in {"L", "LW"} else None


def _special_weekday(item: str) -> str | None:
    if item == "L":
        raise InvalidCron(WEEKDAY.name, "l", "needs a day, such as 5L or friL for the last Friday")
    name, hash_sign, nth = item.partition("#")
    if hash_sign:
        if not is_number(nth) or not 1 <= int(nth) <= 5:
            raise InvalidCron(
                WEEKDAY.name, item.lower(), "needs 1 to 5 after #, such as mon#2, the second Monday"
            )
        return f"{WEEKDAY.value(name)}#{int(nth)}"
    last = LAST_WEEKDAY_OF_KIND.fullmatch(item)
    return f"{WEEKDAY.value(last[1] or last[2])}L" if last else None
