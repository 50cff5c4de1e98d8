"""The figures of the first page: each costs the same, however many tasks there are."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min
from django.db.models.functions import Now

from tasks_core import clock
from tasks_core.broker.publish import BrokerUnavailable, waiting_messages_at_a_glance
from tasks_core.database import fetch
from tasks_core.engine.states import FINAL, WAITING, State
from tasks_core.events.queues import queue_names
from tasks_core.lanes import lane_name
from tasks_core.metrics.waiting import watch
from tasks_core.models import DeadLetter, Leadership, Schedule, Worker
from tasks_core.priority import Priority

CAP = 10_000
"""Counting stops here."""
RECENT = timedelta(hours=1)

# Both are in one index, which does not tell them apart; those that are tried again have one of their own.
_WAITING = """
SELECT 'waiting', count(*) FROM (
    SELECT FROM tasks_core_task WHERE state IN ('SCHEDULED', 'RETRYING') LIMIT %(most)s
) AS waiting
UNION ALL
SELECT 'RETRYING', count(*) FROM (
    SELECT FROM tasks_core_task WHERE state = 'RETRYING' LIMIT %(most)s
) AS retrying
"""
_SCHEDULED = "SELECT FROM tasks_core_task WHERE state = 'SCHEDULED'"
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
    """How many; ``is_capped`` says that there are more, ``is_estimate`` that nobody has counted."""

    value: int
    is_capped: bool = False
    is_estimate: bool = False

    def __str__(self) -> str:
        """Return it as it is shown."""
        if self.is_estimate:
            return f"~{self.value:,}"
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
    most = 2 * (CAP + 1)
    rows = fetch(" UNION ALL ".join(parts), {"limit": CAP + 1, "most": most, "since": now - RECENT})
    found = dict(rows)
    waiting, retrying = found.pop("waiting"), found.pop("RETRYING")
    counts = {State(state): Count(count, count > CAP) for state, count in found.items()}
    counts[State.RETRYING] = Count(retrying, retrying > CAP)
    counts[State.SCHEDULED] = _scheduled(waiting, retrying, most)
    return {state: counts[state] for state in State}


def _scheduled(waiting: int, retrying: int, most: int) -> Count:
    """Return how many of those that wait were never tried; both figures end at ``most``."""
    if retrying >= most:
        return Count(_estimate(), is_estimate=True)
    return Count(waiting - retrying, waiting >= most or waiting - retrying > CAP)


def _estimate() -> int:
    """Return how many the database believes are scheduled: to count them would be to read all that wait."""
    [(plan,)] = fetch(f"EXPLAIN (FORMAT JSON) {_SCHEDULED}", {})
    rows = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    return int(rows)


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


def is_any_worker_alive(now: datetime) -> bool:
    """Tell whether anybody is there who runs tasks."""
    return Worker.objects.alive(now).filter(role=Worker.Role.WORKER).exists()


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
