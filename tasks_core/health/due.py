"""How late are the tasks that are due and have not begun?"""

from collections.abc import Iterator
from datetime import datetime

from tasks_core import clock
from tasks_core.due_lanes.due_watch import merged
from tasks_core.due_lanes.unknown_types import LONGEST
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import LATE
from tasks_core.lanes import lane_name
from tasks_core.models import Task
from tasks_core.registry import task_types
from tasks_core.sql.dispatch import WaitingLane, unknown_types, waiting_lanes
from tasks_core.sql.queued import HandedOver, handed_over

report = Reporter("due")

LOOKED_AT = 10_000
"""Tasks of each lane among which those of unknown types are counted."""


def look() -> Iterator[Finding]:
    """Tell which lanes are late, and why if that is plain."""
    now = clock.now()
    lanes = waiting_lanes()
    due = [lane for lane in lanes if lane.first_run_after <= now]
    queued = handed_over(now)
    late = [lane for lane in due if now - lane.first_run_after > LATE]
    for lane in late:
        yield _late(lane, now)
    overdue = [lane for lane in queued if now - lane.first_run_after > LATE]
    for handed in overdue:
        yield _not_begun(handed, now)
    yield from _set_aside(lanes, now)
    if not due and not queued:
        yield report.healthy("nothing is due")
    elif not late and not overdue:
        oldest = min(lane.first_run_after for lane in merged(due, queued))
        yield report.healthy(f"the oldest due task has waited for {age(now - oldest)}")


def _late(lane: WaitingLane, now: datetime) -> Finding:
    name = lane_name(lane.queue_name, lane.priority)
    waited = age(now - lane.first_run_after)
    first = (
        Task.objects.due(now)
        .filter(queue_name=lane.queue_name, priority=lane.priority)
        .order_by("run_after")
        .only("task_type")
        .first()
    )
    if first is not None and first.task_type not in task_types():
        return report.degraded(
            f"lane {name}: task {first.pk} has waited for {waited}, because its type "
            f"{first.task_type} is not registered in this release",
            f"deploy the release that has it, or run `python manage.py cancel_task {first.pk} "
            "--reason ...`",
        )
    return report.degraded(
        f"lane {name}: the oldest due task has waited for {waited}",
        "start more workers for it, or see what the running tasks do: "
        "`python manage.py list_tasks --state running`",
    )


def _not_begun(lane: HandedOver, now: datetime) -> Finding:
    tasks = "1 task was" if lane.count == 1 else f"{lane.count} tasks were"
    return report.degraded(
        f"lane {lane_name(lane.queue_name, lane.priority)}: {tasks} handed to the broker and did not begin, "
        f"the oldest is due since {age(now - lane.first_run_after)}",
        "see whether a worker of the lane is alive and has room: "
        "`python manage.py check_platform --only workers --only lanes --only progress`",
    )


def _set_aside(lanes: list[WaitingLane], now: datetime) -> Iterator[Finding]:
    """Find the tasks that beat puts aside again and again: they are due within its longest pause."""
    known = sorted(task_types())
    for task_type, count in unknown_types(
        lanes, known, until=now + LONGEST, limit=LOOKED_AT
    ).items():
        yield report.degraded(
            f"{count} tasks wait because their type {task_type} is not registered in this release; "
            "beat looks at them every few minutes",
            "deploy the release that has it to beats and workers, or see them with "
            f"`python manage.py list_tasks --type {task_type}` and cancel them",
        )
