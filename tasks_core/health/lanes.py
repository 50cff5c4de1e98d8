"""Does a lane stand still, although its tasks have been handed to the broker?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from tasks_core import clock, conf
from tasks_core.broker.publish import waiting_messages
from tasks_core.engine.states import State
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import LATE, RECOVERY
from tasks_core.lanes import lane_name
from tasks_core.models import Task, Worker
from tasks_core.sql.recover import QueuedLane, queued_lanes

report = Reporter("lanes")


def look() -> Iterator[Finding]:
    """Find lanes whose messages are lost, or whose workers take none.

    Raises:
        BrokerUnavailable: the broker cannot be asked.
    """
    now = clock.now()
    patience = timedelta(seconds=conf.current().lost_message_seconds) + RECOVERY
    lanes = queued_lanes(before=now - patience)
    names = {lane: lane_name(lane.queue_name, lane.priority) for lane in lanes}
    waiting = waiting_messages(sorted(names.values())) if lanes else {}
    found = [_finding(lane, names[lane], waiting[names[lane]], now) for lane in lanes]
    standing = [finding for finding in found if finding is not None]
    yield from standing or [report.healthy("no lane stands still")]


def _finding(lane: QueuedLane, name: str, messages: int, now: datetime) -> Finding | None:
    waited = age(now - lane.oldest)
    if messages == 0:
        return report.degraded(
            f"lane {name}: {lane.count} queued tasks have lost their messages, the oldest {waited} ago",
            "beat sends them again within seconds; if this stays so, look at beat's log",
        )
    if now - lane.oldest <= LATE:
        return None
    if is_busy(name, now):
        return report.degraded(
            f"lane {name}: messages have waited for {waited}, while its workers are busy",
            "start more workers for it, or see what the running tasks do: "
            "`python manage.py list_tasks --state running`",
        )
    return report.unhealthy(
        f"lane {name}: messages have waited for {waited}, and its workers run nothing",
        "restart its workers, and look at their logs",
    )


def is_busy(lane: str, now: datetime) -> bool:
    """Return whether a worker of the lane runs anything; one in another lane may be more urgent."""
    workers = Worker.objects.alive(now).filter(queues__contains=[lane])
    is_theirs = Q()
    for name in workers.values_list("name", flat=True):
        is_theirs |= Q(worker__startswith=f"{name}:")
    running = Task.objects.filter(state=State.RUNNING, lease_until__gte=now)
    return bool(is_theirs) and running.filter(is_theirs).exists()
