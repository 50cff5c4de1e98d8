"""Are the ticks of schedules settled in time, and is every schedule one that beat understands?"""

from __future__ import annotations

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.models import Leadership, Occurrence, Schedule
from tasks_core.platform_health.age import age
from tasks_core.platform_health.finding import Finding
from tasks_core.platform_health.patience import LATE, RECOVERY
from tasks_core.platform_health.probe import Reporter

report = Reporter("schedules")


def look() -> Iterator[Finding]:
    """Tell of ticks that nobody settles, and who leads."""
    now = clock.now()
    ticking = Schedule.objects.ticking()
    if not ticking.exists():
        yield report.healthy("there are no schedules")
        return
    late = ticking.filter(next_fire_at__lt=now - LATE).order_by("next_fire_at").first()
    unfilled = ticking.filter(refill_at__lt=now - LATE).order_by("refill_at").first()
    if late is not None and late.next_fire_at is not None:
        yield report.degraded(
            f"schedule {late.name!r} has a tick that was due {age(now - late.next_fire_at)} ago",
            "see whether a beat is alive and what its log says; misfire policies decide when it is back",
        )
    elif unfilled is not None and unfilled.refill_at is not None:
        yield report.degraded(
            f"the ledger of schedule {unfilled.name!r} is not filled since {age(now - unfilled.refill_at)}",
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
