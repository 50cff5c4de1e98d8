"""Bring tasks to any state by the real statements, and look at what became of them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.retry import Fixed
from tasks_core.engine.states import State
from tasks_core.models import Task, TaskEvent
from tasks_core.outcomes.record import record
from tasks_core.registry import task_types
from tasks_core.sql.claim import ClaimedTask, claim
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.sql.end import cancel, expire
from tasks_core.sql.finish import FinishedAttempt

PLAIN = "plain"
FAILURE = Failure(error="builtins.ValueError", message="broken")
LEASE = timedelta(seconds=30)
AGAIN = Fixed(initial=60, max_attempts=5)
ONCE = Fixed(initial=60, max_attempts=1)


def plain_type(name: str = PLAIN, **options: Any) -> None:
    """Register a type whose handler takes any object and returns it."""

    @tasks_core.task_type(name, **options)
    def plain(payload: dict[str, Any]) -> dict[str, Any]:
        return payload


def state_of(task_id: int) -> State:
    return State(Task.objects.values_list("state", flat=True).get(pk=task_id))


def states() -> dict[str, int]:
    """Return how many tasks are in which state."""
    found: dict[str, int] = {}
    for state in Task.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def events_of(task_id: int) -> list[str]:
    return list(
        TaskEvent.objects.filter(task_id=task_id).order_by("id").values_list("kind", flat=True)
    )


def queue(*, limit: int = 1_000, now: datetime | None = None) -> list[int]:
    """Move what is due to QUEUED, as the dispatcher does, without a message."""
    now = now or clock.now()
    lanes = [(lane, limit) for lane in waiting_lanes()]
    return [task.id for task in take_due(lanes, sorted(task_types()), now=now)]


def take(ids: Iterable[int], *, task_type: str = PLAIN, worker: str = "w1") -> list[ClaimedTask]:
    """Claim tasks, as a worker does."""
    now = clock.now()
    return claim(list(ids), task_type=task_type, worker=worker, lease_until=now + LEASE, now=now)


def ended(task: ClaimedTask, outcome: Outcome) -> FinishedAttempt:
    now = clock.now()
    return FinishedAttempt(
        task_id=task.id, attempt=task.attempt, outcome=outcome, started_at=now, ended_at=now
    )


def write(task: ClaimedTask, outcome: Outcome) -> bool:
    """Record what an attempt came to; return whether it took effect."""
    return bool(record([(PLAIN, ended(task, outcome))]).ids)


def failed(
    task: ClaimedTask, rule: Fixed = AGAIN, *, expires_at: datetime | None = None
) -> Outcome:
    """Return what a failure of this attempt comes to."""
    now = clock.now()
    attempt = Attempt(
        used=task.attempts_used, first_started_at=task.started_at, expires_at=expires_at
    )
    return decision.after_failure(rule, FAILURE, attempt, now=now, rng=Random(0))


def queued(**options: Any) -> int:
    """Return a new task that is QUEUED."""
    task_id = tasks_core.enqueue(PLAIN, {}, **options).pk
    assert task_id in queue()
    return task_id


def running(**options: Any) -> ClaimedTask:
    """Return a new task that is RUNNING."""
    return take([queued(**options)])[0]


def _scheduled(**options: Any) -> int:
    return tasks_core.enqueue(PLAIN, {}, **options).pk


def _retrying(**options: Any) -> int:
    task = running(**options)
    assert write(task, failed(task))
    return task.id


def _succeeded(**options: Any) -> int:
    task = running(**options)
    assert write(task, decision.succeeded(None))
    return task.id


def _dead(**options: Any) -> int:
    task = running(**options)
    assert write(task, failed(task, ONCE))
    return task.id


def _cancelled(**options: Any) -> int:
    return cancel([_scheduled(**options)], reason="test", now=clock.now())[0]


def _expired(**options: Any) -> int:
    later = clock.now() + timedelta(seconds=60)
    return expire([_scheduled(expires_at=later, **options)], now=later)[0]


WAYS: dict[State, Callable[..., int]] = {
    State.SCHEDULED: _scheduled,
    State.QUEUED: queued,
    State.RUNNING: lambda **options: running(**options).id,
    State.RETRYING: _retrying,
    State.SUCCEEDED: _succeeded,
    State.DEAD: _dead,
    State.CANCELLED: _cancelled,
    State.EXPIRED: _expired,
}


def bring_to(state: State, **options: Any) -> int:
    """Return a new task that is in ``state``; ``options`` are those of ``enqueue``."""
    task_id = WAYS[state](**options)
    assert state_of(task_id) is state
    return task_id
