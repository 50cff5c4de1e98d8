"""Sunrise, sunset and their like at a place on Earth, as Celery's ``solar`` computes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from celery import schedules
from django.core.exceptions import ImproperlyConfigured

from tasks_core.engine.schedule import InvalidSchedule, Tick
from tasks_core.engine.schedule.tick import HORIZON, as_utc, tick_at

SECOND = timedelta(seconds=1)
FORM = 'write it as in "sunset 52.52 13.40": the event, the latitude, the longitude'


@dataclass(frozen=True, slots=True)
class Solar:
    """Due at one event of the sun each day on which it happens; see ``Recurrence``.

    Needs the package ``ephem`` (the extra ``solar``), as Celery does.
    """

    event: str
    latitude: float
    longitude: float
    zone: tzinfo = UTC

    @classmethod
    def parse(cls, text: str, zone: tzinfo = UTC) -> "Solar":
        """Read ``sunset 52.52 13.40``.

        Raises:
            InvalidSchedule: the form, the event or the place is wrong, or ``ephem`` is not installed.
        """
        try:
            event, latitude, longitude = text.split()
            solar = cls(event, float(latitude), float(longitude), zone)
            solar._calendar()
        except ImproperlyConfigured:
            problem = 'needs the package ephem: pip install "bellringer[solar]"'
            raise InvalidSchedule("expression", text, problem) from None
        except ValueError as error:
            raise InvalidSchedule(
                "expression", text, f"is not understood ({error}); {FORM}"
            ) from None
        return solar

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``."""
        start = as_utc("after", after)
        end = HORIZON if until is None else min(as_utc("until", until), HORIZON)
        calendar = self._calendar()
        while True:
            found = calendar._next_event(calendar.ephem.Date(start.replace(tzinfo=None)))
            due = found.datetime().replace(microsecond=0, tzinfo=UTC) + SECOND
            if due > end:
                return
            if due > after:
                yield tick_at(due, self.zone)
            start = due

    def _calendar(self) -> schedules.solar:
        return schedules.solar(self.event, self.latitude, self.longitude)
