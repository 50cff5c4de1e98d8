"""Are the ticks of schedules settled in time, and is every schedule one that beat understands?"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from tasks_core import clock
from tasks_core.engine.instants import EARLIEST
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import LATE, RECOVERY
from tasks_core.models import Leadership, Occurrence, Schedule

report = Reporter("schedules")


def look() -> Iterator[Finding]:
    """Tell of ticks that nobody settles, and who leads."""
    now = clock.now()
    ticking = Schedule.objects.ticking()
    if not ticking.exists():
        yield report.healthy("there are no schedules")
        return
    before = (
        EARLIEST,
        now - LATE,
    )  # beat tells of what was not written here, and may be unreadable
    late = _first(ticking.filter(next_fire_at__range=before), "next_fire_at")
    unfilled = _first(ticking.filter(refill_at__range=before), "refill_at")
    if late is not None:
        name, due = late
        yield report.degraded(
            f"schedule {name!r} has a tick that was due {age(now - due)} ago",
            "see whether a beat is alive and what its log says; misfire policies decide when it is back",
        )
    elif unfilled is not None:
        name, since = unfilled
        yield report.degraded(
            f"the ledger of schedule {name!r} is not filled since {age(now - since)}",
            "see what beat's log says of it",
        )
    buffered = Occurrence.objects.buffered().filter(fire_at__lt=now - LATE).count()
    # One that has just ended is followed by another in a moment.
    leading = Leadership.objects.filter(name="schedules", expires_at__gt=now - RECOVERY)
    leader = leading.values_list("holder", flat=True).first()
    paused = Schedule.objects.paused().count()
    told = f"{paused} paused, {buffered} ticks wait for an earlier one"
    if leader is None:
        yield report.degraded(
            f"no beat leads, so the next tick will not be settled; {told}",
            "start a beat; where one is alive, look at its log",
        )
    else:
        yield report.healthy(f"led by {leader}; {told}")


def _first(schedules: QuerySet[Schedule], column: str) -> tuple[str, datetime] | None:
    """Return name and instant of the first one, and read no more of it: the rest may be unreadable."""
    return schedules.order_by(column).values_list("name", column).first()
