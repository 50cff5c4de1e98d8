"""Keep the ledger filled: every tick up to now, and enough upcoming ones for people to see what comes."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Min

from tasks_core import clock
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.engine.instants import EARLIEST, LATEST
from tasks_core.engine.schedule import Tick, TickOutcome, jitter_delay
from tasks_core.engine.schedule.bounds import JUST
from tasks_core.engine.schedule.tick import HORIZON
from tasks_core.models import Occurrence, Schedule
from tasks_core.schedules import firing
from tasks_core.schedules.recurrence import recurrence_of
from tasks_core.sql import ledger
from tasks_core.sql.ledger import Extent, NewTick

logger = logging.getLogger(__name__)

FEWEST = 100
"""Upcoming ticks that a schedule has at least, if it has so many."""

FILL_TO = 150
CHUNK = 500
"""Most ticks of one schedule in one round: a long absence is made up for in pieces."""

NOT_UNDERSTOOD = timedelta(minutes=10)
"""How soon a schedule is looked at again that this release cannot read."""

SCHEDULES = 200
"""Most schedules in one transaction."""

_failing = RowBackoff(
    "schedule {} gets no further ticks", "Mend its definition; then they follow, and none is lost."
)


def generate(*, limit: int = SCHEDULES) -> int:
    """Fill the ledger of schedules that want it; return how many. Call again while it is not 0."""
    now = clock.now()
    with brief_transaction():
        wanting = (
            Schedule.objects.ticking()
            .filter(refill_at__lte=now)
            .exclude(pk__in=_failing.ids())
            .order_by("refill_at")
            .select_for_update(skip_locked=True)
        )
        schedules = _failing.read(wanting, limit=limit)
        return _failing.serve(schedules, lambda some: _fill(some, now), key=lambda one: one.pk)


def _fill(schedules: Sequence[Schedule], now: datetime) -> int:
    fill(schedules, now=now)
    return len(schedules)


def first_wanted_at() -> datetime | None:
    """Return when the first schedule fires or wants more ticks, or None if none ever does."""
    return min(
        (
            first
            for column, failing in (("next_fire_at", firing.failing), ("refill_at", _failing))
            if (first := _first(column, failing))
        ),
        default=None,
    )


def _first(column: str, failing: RowBackoff) -> datetime | None:
    # What lies beyond was not written here, and Python may have no such instant.
    bounds = {f"{column}__gte": EARLIEST, f"{column}__lt": LATEST}
    sound = Schedule.objects.exclude(pk__in=failing.ids()).filter(**bounds)
    found: datetime | None = sound.aggregate(at=Min(column))["at"]
    return found


def fill(schedules: Sequence[Schedule], *, now: datetime) -> None:
    """Add the ticks that these schedules, whose rows the caller has locked, still want."""
    if not schedules:
        return
    known = ledger.upcoming([schedule.pk for schedule in schedules], now=now)
    overdue = _overdue_of_limited(schedules, now)
    made = [
        _ticks(schedule, known.get(schedule.pk, []), overdue.get(schedule.pk, 0), now)
        for schedule in schedules
    ]
    ledger.add_ticks([tick for filling in made for tick in filling.ticks], now=now)
    for schedule, filling in zip(schedules, made, strict=True):
        schedule.generated_until, schedule.refill_at = filling.until, filling.refill_at
    ledger.extend([Extent(s.pk, s.generated_until, s.refill_at) for s in schedules])


def _overdue_of_limited(schedules: Sequence[Schedule], now: datetime) -> dict[int, int]:
    """Return how many ticks of those whose runs are limited have not been settled though it is time."""
    limited = [schedule.pk for schedule in schedules if schedule.max_runs is not None]
    if not limited:
        return {}
    return Occurrence.objects.overdue(now).filter(schedule_id__in=limited).count_by_schedule()


@dataclass(frozen=True, slots=True)
class Filling:
    """What one schedule gets, how far the ledger then goes, and when it wants more."""

    ticks: list[NewTick]
    until: datetime
    refill_at: datetime | None


def _ticks(schedule: Schedule, known: list[datetime], overdue: int, now: datetime) -> Filling:
    try:
        found = recurrence_of(schedule).ticks(schedule.generated_until)
    except ValueError as error:
        # Checked at the door; but a release that understands less must not stop the other schedules, nor the
        # ticks that this one has.
        logger.error("schedule %s has no further ticks: %s", schedule.name, error)
        later = now + NOT_UNDERSTOOD
        return Filling([], max(schedule.generated_until, later), later)
    wanted = FILL_TO - len(known)
    if schedule.max_runs is not None:
        left = schedule.max_runs - schedule.runs
        if left <= 0:
            return Filling([], HORIZON, None)
        wanted = min(wanted, left - overdue - len(known))
    ticks, following = _take(islice(found, CHUNK), wanted, now)
    upcoming = known + [t.due for t in ticks if t.withheld is None and t.due > now]
    until = ticks[-1].due if ticks else schedule.generated_until
    rows = [_row(schedule, tick) for tick in ticks]
    if following is not None:
        return Filling(rows, following.due - JUST, _refill_at(upcoming, following.due))
    if len(ticks) == CHUNK:
        return Filling(rows, until, now)
    return Filling(rows, HORIZON, None)


def _refill_at(upcoming: list[datetime], following: datetime) -> datetime:
    """Return when there will be only just enough; or, where runs are limited, at the next one."""
    if not upcoming:
        return following
    return upcoming[-FEWEST - 1] if len(upcoming) > FEWEST else upcoming[0]


def _take(found: Iterator[Tick], wanted: int, now: datetime) -> tuple[list[Tick], Tick | None]:
    """Return every tick up to now and ``wanted`` after it, and the one that follows, if there is."""
    ticks: list[Tick] = []
    for tick in found:
        if tick.due > now and wanted <= 0:
            return ticks, tick
        ticks.append(tick)
        wanted -= tick.due > now and tick.withheld is None
    return ticks, None


def _row(schedule: Schedule, tick: Tick) -> NewTick:
    delay = jitter_delay(f"schedule-{schedule.pk}", tick.due, schedule.jitter)
    outcome = tick.withheld or TickOutcome.UPCOMING
    reason = f"shifted from {tick.wall:%H:%M:%S}: clocks left it out" if tick.is_shifted else ""
    return NewTick(schedule.pk, tick.due, tick.due + delay, outcome, reason)
