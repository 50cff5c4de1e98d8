"""Bring back what was lost: attempts whose worker is gone, and tasks whose message is gone."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from tasks_core import clock, conf, database
from tasks_core.broker.publish import waiting_messages
from tasks_core.database.brief_transaction import RECEIVERS_SECONDS, brief_transaction
from tasks_core.database.lower_bound import LowerBound
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.duties.blame import Blame, Loss, judge
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.json_text import stored_json
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.lanes import lane_name
from tasks_core.models import Task
from tasks_core.outcomes.record import record
from tasks_core.registry import task_types
from tasks_core.retry_policies import rule_for
from tasks_core.signals import LostTask, attempts_lost
from tasks_core.sql.finish import FinishedAttempt
from tasks_core.sql.recover import (
    AbandonedTask,
    QueuedLane,
    abandoned,
    first_lease,
    first_queued,
    locked,
    lost_messages,
    queued_lanes,
    requeue,
)

logger = logging.getLogger(__name__)

LIMIT = 500
ROUNDS = 10
"""So many batches of which none can be recorded are stepped past at once."""

SPARED_SECONDS = 10.0
"""So long after its row was seen locked no attempt is taken for lost: a handler that keeps its own row locked
cannot have its lease renewed, and the worker needs a moment when it lets go. More than two looks."""

LOOK_SECONDS = 1.0
"""Pause between two looks for locked rows while there is much to recover."""

_rng = Random()
_leases = LowerBound(first_lease)
_queued = LowerBound(first_queued)
_seen_locked: dict[int, float] = {}
_looked_at = float("-inf")
_stuck = RowBackoff(
    "task {} has lost its message and cannot be queued again",
    "Mend what refuses the change (a trigger, a constraint), or cancel the task.",
)
_failing = RowBackoff(
    "the lost attempt of task {} cannot be recorded",
    "Mend what raises (a receiver of tasks_unsuccessful, a trigger), or cancel the task.",
)


def recover_attempts(*, now: datetime | None = None) -> int:
    """End the attempts whose lease is over, or was so at ``now``; return how many.

    A lost attempt counts against the policy, so a task that kills its process ends as a dead letter. But
    where the process had several tasks in hand, nobody knows which one is to blame: then none loses an
    attempt, and each runs alone from now on. Nor does one that was lost with its whole machine. How often a
    task may be lost so has a limit of its own.

    An attempt whose end cannot be recorded is stepped past for a while, and so is any number of them.
    """
    spare_locked()
    recovered, until = 0, now or clock.now()
    first = _leases.first(clock.now())
    if first is None or first >= until:
        return 0
    for _ in range(ROUNDS):
        with brief_transaction(seconds=RECEIVERS_SECONDS):
            tasks = abandoned(
                limit=LIMIT,
                since=_leases.since,
                now=until,
                apart_from=[*_failing.ids(), *_seen_locked],
            )
            recovered = _failing.serve(tasks, _record, key=lambda task: task.id)
        if recovered or len(tasks) < LIMIT:
            break
    if recovered:
        logger.warning("%d attempts were lost with their worker", recovered)
    return recovered


def spare_locked() -> None:
    """Note whose rows are locked now while their leases end; call it also while nothing is recovered."""
    global _looked_at
    now = time.monotonic()
    if now - _looked_at < LOOK_SECONDS:
        return
    _looked_at = now
    soon = clock.now() + timedelta(seconds=SPARED_SECONDS)
    _leases.first(clock.now())
    _seen_locked.update(dict.fromkeys(locked(since=_leases.since, before=soon), now))
    for task_id in [pk for pk, at in _seen_locked.items() if now - at >= SPARED_SECONDS]:
        del _seen_locked[task_id]


def _record(tasks: Sequence[AbandonedTask]) -> int:
    now = clock.now()
    losses = judge(tasks, now=now)
    ids = record([(loss.task.task_type, _ended(loss)) for loss in losses]).ids
    if ids and attempts_lost.has_listeners():
        transaction.on_commit(partial(_tell, sorted(ids), now), using=database.alias(), robust=True)
    return len(ids)


def _tell(ids: Sequence[int], now: datetime) -> None:
    rows = Task.objects.filter(pk__in=ids).annotate(text=Cast("payload", TextField()))
    tasks = [
        LostTask(task_id=pk, task_type=kind, payload=stored_json(text))
        for pk, kind, text in rows.values_list("id", "task_type", "text")
    ]
    attempts_lost.send_robust(sender=Task, tasks=tasks, now=now)


def _ended(loss: Loss) -> FinishedAttempt:
    now = clock.now()
    return FinishedAttempt(
        task_id=loss.task.id,
        attempt=loss.task.attempt,
        outcome=_outcome(loss),
        started_at=loss.task.last_attempted_at,
        ended_at=now,
    )


def _outcome(loss: Loss) -> Outcome:
    task, now = loss.task, clock.now()
    if loss.blame is not Blame.OWN and loss.times < conf.current().max_losses:
        if loss.blame is Blame.SHARED:
            return decision.lost_in_company(now=now)
        return decision.lost_with_machine(now=now, isolate=loss.times > 1)
    failure = Failure(
        error="tasks_core.WorkerLost",
        message=f"worker {task.worker} stopped renewing the lease; it was killed, cut off or stuck",
    )
    facts = Attempt(
        used=task.attempt - task.attempts_returned,
        first_started_at=task.started_at,
        expires_at=task.expires_at,
    )
    if loss.blame is not Blame.OWN:
        reason = f"lost with its worker {loss.times} times, as often as MAX_LOSSES allows"
        return decision.final_failure(failure, facts, reason=reason)
    rule = rule_for(
        task_types().get(task.task_type), retry=task.retry, retry_policy_id=task.retry_policy_id
    )
    return decision.after_failure(rule, failure, facts, now=now, rng=_rng)


def recover_messages() -> int:
    """Make tasks SCHEDULED again whose message is lost; return how many.

    A message that waits is not lost, however long: only if the broker queue is empty, or if tasks that
    were queued later have been claimed, is it gone.

    Raises:
        BrokerUnavailable: the broker cannot be asked, so nothing can be told lost from waiting.
    """
    patience = timedelta(seconds=conf.current().lost_message_seconds)
    now = clock.now()
    first = _queued.first(now)
    if first is None or first >= now - patience:
        return 0
    lanes = queued_lanes(since=_queued.since, before=now - patience)
    names = {lane: lane_name(lane.queue_name, lane.priority) for lane in lanes}
    waiting = waiting_messages(sorted(names.values()))
    found = 0
    for lane in lanes:
        found += _requeue_lost(lane, is_empty=waiting[names[lane]] == 0, patience=patience)
    if found:
        logger.warning("%d queued tasks had lost their message", found)
    return found


def _requeue_lost(lane: QueuedLane, *, is_empty: bool, patience: timedelta) -> int:
    """Bring back what a lane has lost; what cannot be brought back is stepped past."""
    requeued = fruitless = 0
    while fruitless < ROUNDS:
        with brief_transaction():
            ids = lost_messages(
                lane,
                is_empty=is_empty,
                since=_queued.since,
                before=clock.now() - patience,
                slack=patience,
                limit=LIMIT,
                apart_from=_stuck.ids(),
            )
            count = _stuck.serve(ids, _requeue, key=lambda task_id: task_id)
        requeued += count
        fruitless = 0 if count else fruitless + 1
        if not ids:
            break
    return requeued


def _requeue(ids: Sequence[int]) -> int:
    return len(requeue(ids, now=clock.now()))
