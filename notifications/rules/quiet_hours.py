"""Quiet hours: a window of local times in which a recipient is left alone.

The window is kept as clock times and compared with what the recipient's clock shows, so nights in which
clocks change need no rule of their own: a time that the night skips is never shown, and one that it has
twice is quiet twice.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from hashlib import blake2b

OFF = "off"
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_AHEAD = 52
"""Hours that are searched for changes of clocks: a window of a day, and a day that is skipped."""


@dataclass(frozen=True)
class Window:
    """From ``start`` until just before ``end``, over midnight if that is earlier."""

    start: time
    end: time

    def covers(self, shown: time) -> bool:
        """Tell whether a clock that shows this time is within the window."""
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end


def parse_window(text: str) -> Window | None:
    """Read ``22:00-08:00``; nothing and ``off`` are no window.

    Raises:
        ValueError: says what would be right.
    """
    if text in ("", OFF):
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("is no window; write it like 22:00-08:00, or off")
    hours = [int(part) for part in found.groups()]
    window = Window(time(hours[0], hours[1]), time(hours[2], hours[3]))
    if window.start == window.end:
        raise ValueError("begins when it ends; leave at least a minute in which messages may come")
    return window


def is_quiet(window: Window, zone: tzinfo, at: datetime) -> bool:
    """Tell whether the recipient's clock shows a time within the window."""
    return window.covers(at.astimezone(zone).time())


def opens_at(window: Window, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the first instant from ``now`` on that is not quiet, in UTC; None if ``now`` is not."""
    if not is_quiet(window, zone, now):
        return None
    # Quiet ends when the clock shows the end, or when it is changed; nothing else can end it.
    changes = [*_ends(window, zone, now), *_clock_changes(zone, now)]
    return min(at for at in changes if at >= now and not is_quiet(window, zone, at))


def release_at(
    opens: datetime, *, key: str, jitter: float, expires_at: datetime | None = None
) -> datetime:
    """Return when to send what was held, so that not everybody gets it at the stroke of eight.

    Args:
        opens: when the window opens.
        key: what shares an instant; the same key always gives the same one.
        jitter: seconds over which releases are spread.
        expires_at: the instant is before it, if it is after ``opens``.
    """
    span = jitter
    if expires_at is not None:
        span = max(0.0, min(jitter, (expires_at - opens).total_seconds() - 1.0))
    drawn = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
    return opens + timedelta(seconds=span * drawn)


def _ends(window: Window, zone: tzinfo, now: datetime) -> list[datetime]:
    """Return when clocks show the end of the window, on the days around; both times if twice."""
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=number) for number in range(-1, 4)]
    return [
        datetime.combine(day, window.end, zone).replace(fold=fold).astimezone(UTC)
        for day in days
        for fold in (0, 1)
    ]


def _clock_changes(zone: tzinfo, now: datetime) -> list[datetime]:
    """Return the instants at which the zone's clocks are changed, in the hours ahead."""
    start = now.astimezone(UTC).replace(microsecond=0)
    hours = [start + number * _HOUR for number in range(_AHEAD)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [
        _change_between(zone, hours[number], hours[number + 1])
        for number in range(_AHEAD - 1)
        if offsets[number] != offsets[number + 1]
    ]


def _change_between(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
