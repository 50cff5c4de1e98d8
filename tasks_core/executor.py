"""Execute a message: claim its tasks, run their handlers, hand over the outcomes."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime, timedelta

from django.db import Error

from tasks_core import clock, database, vain_messages, worker_process
from tasks_core.attempting import attempt, attempt_async
from tasks_core.attempting_batch import Member, attempt_batch
from tasks_core.claiming import claim_patiently
from tasks_core.conf import setting
from tasks_core.context import TaskContext
from tasks_core.engine import decision
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.retry import RetryRule
from tasks_core.inflight import InFlight
from tasks_core.policies import rule_for
from tasks_core.registry import TaskType, get_task_type
from tasks_core.sessions import Sessions
from tasks_core.signals import attempts_begun
from tasks_core.statements.finish import FinishedAttempt
from tasks_core.statements.lease import renew
from tasks_core.worker_process import WorkerProcess

logger = logging.getLogger(__name__)

MAX_ID = 2**63


def execute(task_type: str, ids: list[int], *, worker: str) -> int:
    """Run those of ``ids`` that are still to be run; return how many were claimed.

    ``async def`` handlers are only started here: the next message need not wait for them.
    """
    registered = get_task_type(task_type)
    process = worker_process.current()
    ids = _possible(ids)
    if registered.is_async and not _wait_for_places(process, registered):
        return 0
    entries = _claim(process, registered, ids, worker)
    if registered.is_async:
        _start_all(process, registered, entries)
    elif registered.is_batch:
        _run_together(process, registered, entries)
    else:
        _run_all(process, registered, entries)
    return len(entries)


def _possible(ids: object) -> list[int]:
    """Return what can be an id: whoever reaches the broker may write anything into a message."""
    if not isinstance(ids, list):
        return []
    return [i for i in ids if type(i) is int and 0 < i < MAX_ID]


def _claim(
    process: WorkerProcess, registered: TaskType, ids: list[int], worker: str
) -> list[InFlight]:
    asked_at = clock.now()
    tasks, lease_until = claim_patiently(
        ids, task_type=registered.name, worker=worker, company=len(process.inflight)
    )
    vain_messages.note(begun=len(tasks))
    if left := set(ids).difference(task.id for task in tasks):
        process.passed_over.add(registered.name, left, at=asked_at)
        process.keeper.wake()
    entries = [
        InFlight(task, registered, TaskContext(task, registered, max_attempts=0), lease_until)
        for task in tasks
    ]
    process.inflight.add(entries)
    process.measurements.claimed(tasks)
    process.keeper.wake()
    if attempts_begun.has_listeners():
        attempts_begun.send_robust(sender=None, tasks=tasks)
    return entries


def _run_all(process: WorkerProcess, registered: TaskType, entries: list[InFlight]) -> None:
    sessions = Sessions()
    for entry in entries:
        sessions.replace_dead()
        if not _is_ours(process, entry):
            continue
        started_at = clock.now()
        if worker_process.is_stopping():
            outcome = decision.released(now=started_at, reason="the worker is shutting down")
        else:
            outcome = attempt(registered, entry.task, entry.context, _rule(registered, entry))
            sessions.replace_unsound(_handler_of(entry), entry.context.log_fields)
        _hand_over(process, registered, entry, outcome, started_at)
        if process.outbox.is_overdue:
            process.outbox.flush()
    process.outbox.flush()


def _run_together(process: WorkerProcess, registered: TaskType, entries: list[InFlight]) -> None:
    sessions = Sessions()
    sessions.replace_dead()
    ours = [entry for entry in entries if _is_ours(process, entry)]
    members = [Member(entry.task, entry.context, _rule(registered, entry)) for entry in ours]
    given = attempt_batch(registered, members)
    started_at, last = clock.now(), time.monotonic()
    for entry in ours:
        if worker_process.is_stopping():
            given.close()
            outcome = decision.released(now=clock.now(), reason="the worker is shutting down")
        else:
            outcome = next(given)
        sessions.replace_unsound(_handler_of(entry), entry.context.log_fields)
        took, last = time.monotonic() - last, time.monotonic()
        _hand_over(process, registered, entry, outcome, started_at, took=took)
        if process.outbox.is_overdue:
            process.outbox.flush()
    process.outbox.flush()


def _start_all(process: WorkerProcess, registered: TaskType, entries: list[InFlight]) -> None:
    rest = entries
    while rest and (places := _wait_for_places(process, registered)):
        ours = [entry for entry in rest[:places] if _is_ours(process, entry)]
        rest = rest[places:]
        process.loop.start(
            registered.name,
            [_run_one(process, registered, entry, _rule(registered, entry)) for entry in ours],
        )
    for entry in rest:
        if _is_ours(process, entry):
            now = clock.now()
            outcome = decision.released(now=now, reason="the worker is shutting down")
            _hand_over(process, registered, entry, outcome, now)


def _is_ours(process: WorkerProcess, entry: InFlight) -> bool:
    """Tell whether the handler may begin; forget the task if it was cancelled or taken over meanwhile.

    A process that was frozen wakes up with leases that are over, and nobody has told it yet.
    """
    if not entry.is_lost and (entry.lease_until > clock.now() or _renewed(entry)):
        return True
    process.inflight.decide(entry)
    process.inflight.discard([entry.key])
    return False


def _renewed(entry: InFlight) -> bool:
    lease_until = clock.now() + timedelta(seconds=setting("LEASE_SECONDS"))
    try:
        is_renewed = bool(database.retried(renew, [entry.key], lease_until=lease_until))
    except Error as error:
        logger.warning(
            "task %d is left to recovery: %s",
            entry.task.id,
            error,
            extra=entry.context.log_fields(),
        )
        return False
    if is_renewed:
        entry.lease_until = lease_until
    return is_renewed


async def _run_one(
    process: WorkerProcess, registered: TaskType, entry: InFlight, rule: RetryRule
) -> None:
    started_at = clock.now()
    try:
        outcome = await attempt_async(registered, entry.task, entry.context, rule)
    except asyncio.CancelledError:
        outcome = decision.released(now=clock.now(), reason="the worker is shutting down")
    _hand_over(process, registered, entry, outcome, started_at)


def _wait_for_places(process: WorkerProcess, registered: TaskType) -> int:
    """Wait until more handlers of this type may start, and give how many; 0 when the worker is stopping."""
    while not worker_process.is_stopping():
        places = process.loop.wait_for_places(
            registered.name, registered.max_concurrency, seconds=0.5
        )
        if places:
            return places
    return 0


def _rule(registered: TaskType, entry: InFlight) -> RetryRule:
    task = entry.task
    rule = rule_for(registered, retry=task.retry, retry_policy_id=task.retry_policy_id)
    entry.context.max_attempts = rule.max_attempts
    return rule


def _hand_over(
    process: WorkerProcess,
    registered: TaskType,
    entry: InFlight,
    outcome: Outcome,
    started_at: datetime,
    *,
    took: float | None = None,
) -> None:
    """Hand over an outcome; ``took`` is what a task of a batch took of it, in seconds."""
    if not process.inflight.decide(entry):
        return  # the keeper has spoken for it
    finished = FinishedAttempt(
        task_id=entry.task.id,
        attempt=entry.task.attempt,
        outcome=outcome,
        started_at=started_at,
        ended_at=clock.now(),
        due_at=entry.task.run_after,
    )
    ran = entry.context.running_for() if took is None else took
    process.measurements.ran(registered.name, ran)
    process.outbox.add((registered.name, entry, finished))


def _handler_of(entry: InFlight) -> str:
    return f"the handler of task {entry.task.id}"
