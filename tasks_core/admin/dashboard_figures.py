"""The figures of the first page: each costs the same, however many tasks there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min
from django.db.models.functions import Now

from tasks_core import clock
from tasks_core.database import fetch
from tasks_core.engine.states import FINAL, WAITING, State
from tasks_core.lanes import lane_name
from tasks_core.metrics.waiting import watch
from tasks_core.models import DeadLetter, Leadership, Schedule, Worker
from tasks_core.priorities import Priority
from tasks_core.publisher import BrokerUnavailable, waiting_messages_at_a_glance
from tasks_core.registry import queue_names

CAP = 10_000
"""Counting stops here."""
RECENT = timedelta(hours=1)

# Waiting tasks are counted in one go: their common index does not tell the two states apart, so the
# search for the rare one would otherwise read all of the frequent one.
_WAITING = """
SELECT state, count(*) FROM (
    SELECT state FROM tasks_core_task WHERE state IN ('SCHEDULED', 'RETRYING') LIMIT %(limit)s
) AS waiting GROUP BY state
"""
_UNDER_WAY = """
SELECT '{state}', count(*) FROM (
    SELECT FROM tasks_core_task WHERE state = '{state}' LIMIT %(limit)s
) AS under_way
"""
_FINISHED = """
SELECT '{state}', count(*) FROM (
    SELECT FROM tasks_core_task
    WHERE state = '{state}' AND finished_at >= %(since)s LIMIT %(limit)s
) AS finished
"""


@dataclass(frozen=True)
class Count:
    """How many; ``is_capped`` says that there are more."""

    value: int
    is_capped: bool = False

    def __str__(self) -> str:
        """Return it as it is shown; nothing found before the cap was reached says nothing."""
        if self.is_capped and not self.value:
            return "?"
        return f"{min(self.value, CAP):,}{'+' if self.is_capped else ''}"


@dataclass(frozen=True)
class LaneFigures:
    """What waits in one lane: ``messages`` in the broker, and since when the oldest task is due."""

    name: str
    messages: int | None
    first_run_after: datetime | None


def count_states(now: datetime) -> dict[State, Count]:
    """Count the tasks in each state; of the finished ones those of the last hour."""
    parts = [_WAITING]
    for state in State:
        if state not in WAITING:
            template = _FINISHED if state in FINAL else _UNDER_WAY
            parts.append(template.format(state=state.value))
    rows = fetch(" UNION ALL ".join(parts), {"limit": CAP + 1, "since": now - RECENT})
    found = {State(state): count for state, count in rows}
    waiting = sum(found.get(state, 0) for state in WAITING)
    return {
        state: Count(n := found.get(state, 0), (waiting if state in WAITING else n) > CAP)
        for state in State
    }


def count_open_dead_letters() -> Count:
    """Count the dead letters that wait for a person."""
    found = DeadLetter.objects.unresolved().order_by()[: CAP + 1].count()
    return Count(found, found > CAP)


def first_tick() -> datetime | None:
    """Return when the first tick is due that has not been settled."""
    first: datetime | None = Schedule.objects.aggregate(first=Min("next_fire_at"))["first"]
    return first


def leader() -> Leadership | None:
    """Return who fires schedules, by the clock of the database that the lease goes by."""
    return Leadership.objects.filter(name="schedules", expires_at__gt=Now()).first()


def alive(now: datetime) -> list[Worker]:
    """Return the workers and beats that are there."""
    return list(Worker.objects.alive(now))


def lanes() -> tuple[list[LaneFigures], bool]:
    """Return the lanes in which something waits, and whether the broker could be asked."""
    waiting = watch.look(clock.now())
    due = {lane_name(one.queue_name, one.priority): one.first_run_after for one in waiting}
    names = [lane_name(queue, priority) for queue in queue_names() for priority in Priority]
    names += [name for name in due if name not in names]
    try:
        depths: dict[str, int] = waiting_messages_at_a_glance(names)
    except BrokerUnavailable:
        return [LaneFigures(name, None, at) for name, at in due.items()], False
    found = [LaneFigures(name, depths[name], due.get(name)) for name in names]
    return [lane for lane in found if lane.messages or lane.first_run_after], True
