"""Do tasks that are handed to the broker come to anything?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tasks_core import clock
from tasks_core.broker.publish import waiting_messages
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.lanes import is_busy
from tasks_core.health.probe import Reporter
from tasks_core.lanes import lane_name
from tasks_core.models import Worker
from tasks_core.models.worker import HEARTBEAT
from tasks_core.sql.standstill import StandingLane, lost_again, standing_lanes

report = Reporter("progress")

STANDING = timedelta(seconds=20)
"""Tasks are due for so long, their messages are gone, and none of their lane has begun in that time."""

UNDERWAY = timedelta(seconds=2)
"""A message may be on its way from the broker to a worker for so long."""

FULL = 4 * HEARTBEAT
"""A worker whose last probe message came back so long ago, several of them, has no process free."""

SERIES = timedelta(seconds=90)
"""A task that loses its message twice in that time does so for a reason that lasts."""


def look() -> Iterator[Finding]:
    """Find lanes whose messages are taken by somebody who begins nothing.

    Recovery sends such tasks again and again, so none of them looks late, lost or forgotten at any instant.

    Raises:
        BrokerUnavailable: the broker cannot be asked.
    """
    now = clock.now()
    standing = _without_messages(
        standing_lanes(due_before=now - STANDING, queued_before=now - UNDERWAY), now
    )
    for lane in standing:
        yield _pools_are_full(lane, now) if _has_no_room(lane, now) else _nothing_begins(lane, now)
    names = {_name(lane) for lane in standing}
    again = [lane for lane in lost_again(since=now - SERIES) if _name(lane) not in names]
    yield from (_some_are_lost(lane, now) for lane in again)
    vain = list(_vain_processes(now))
    yield from vain
    if not standing and not again and not vain:
        yield report.healthy("tasks that are handed to the broker begin")


def _without_messages(lanes: list[StandingLane], now: datetime) -> list[StandingLane]:
    """Leave out those whose messages wait, and those whose workers have them in hand behind long tasks."""
    waiting = waiting_messages(sorted({_name(lane) for lane in lanes})) if lanes else {}
    return [lane for lane in lanes if not waiting[_name(lane)] and not is_busy(_name(lane), now)]


def _name(lane: StandingLane) -> str:
    return lane_name(lane.queue_name, lane.priority)


def _nothing_begins(lane: StandingLane, now: datetime) -> Finding:
    return report.unhealthy(
        f"lane {_name(lane)}: {lane.count} tasks have been handed to the broker, the oldest is due since "
        f"{age(now - lane.oldest_due)}, and none of the lane has begun in that time: their messages are "
        f"taken and come to nothing; {_who_takes(lane, now)}",
        _remedy(),
    )


def _has_no_room(lane: StandingLane, now: datetime) -> bool:
    """Tell whether the workers of the lane all wait for a free process, as their own probe messages do."""
    workers = Worker.objects.alive(now).filter(queues__contains=[_name(lane)])
    consumed = list(workers.values_list("consumed_at", flat=True))
    return bool(consumed) and all(at is not None and at < now - FULL for at in consumed)


def _pools_are_full(lane: StandingLane, now: datetime) -> Finding:
    return report.degraded(
        f"lane {_name(lane)}: {lane.count} tasks have been handed to its workers, the oldest is due since "
        f"{age(now - lane.oldest_due)}, and none has begun in that time, nor has anything else there: all "
        f"processes are taken, by plain Celery tasks or for good; {_who_takes(lane, now)}",
        "see what they run (`celery -A scheduler_project inspect active`); give plain Celery tasks that run "
        "for long a queue and a worker of their own",
    )


def _some_are_lost(lane: StandingLane, now: datetime) -> Finding:
    lost = f"lane {_name(lane)}: {lane.count} tasks have lost their message again and again"
    if is_busy(_name(lane), now):
        return report.degraded(
            f"{lost}: a worker holds them behind tasks that run for long, or somebody takes them and begins "
            "nothing",
            f"start more workers for it; if tasks are short, {_remedy()}",
        )
    return report.degraded(f"{lost}: somebody takes them and begins nothing", _remedy())


def _vain_processes(now: datetime) -> Iterator[Finding]:
    for worker in Worker.objects.alive(now).filter(role=Worker.Role.WORKER):
        for vain in worker.vain_processes or ():
            yield report.degraded(
                f"worker {worker.name} on {worker.hostname}: {vain}",
                "look at its log, and whether it reaches the right database, schema and tables; "
                "end that process, and the worker starts a new one",
            )


def _who_takes(lane: StandingLane, now: datetime) -> str:
    workers = Worker.objects.alive(now).filter(queues__contains=[_name(lane)])
    names = list(workers.order_by("name").values_list("name", flat=True))
    return f"its workers are {', '.join(names)}" if names else "no worker of ours consumes it"


def _remedy() -> str:
    return (
        "look at the log of its workers for claims that fail, and restart those; see whether another program "
        "takes messages from the same broker (another installation with the same BELLRINGER_KEY_PREFIX)"
    )
