"""Give attempts back unfinished, for handlers that do not do so themselves."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from tasks_core import clock
from tasks_core.engine import decision
from tasks_core.engine.outcome import Outcome
from tasks_core.sql.finish import FinishedAttempt
from tasks_core.worker.inflight import InFlight, InFlightTable
from tasks_core.worker.outcome_buffer import OutcomeBuffer

logger = logging.getLogger(__name__)


def release(
    entries: Iterable[InFlight],
    inflight: InFlightTable,
    outcomes: OutcomeBuffer,
    *,
    reason: str,
    seconds: float = 0.0,
) -> None:
    """Buffer the release of each undecided attempt, for ``seconds``; it uses up no attempt."""
    undecided = [entry for entry in entries if inflight.decide(entry)]
    for entry in undecided:
        released = decision.released(now=clock.now(), reason=reason, seconds=seconds)
        outcomes.add((entry.task_type.name, entry, ended_now(entry, released)))
    if undecided:
        logger.info("%d tasks are given back: %s", len(undecided), reason)


def ended_now(entry: InFlight, outcome: Outcome) -> FinishedAttempt:
    """Return the record of an attempt that is ended from outside."""
    now = clock.now()
    return FinishedAttempt(
        task_id=entry.task.id,
        attempt=entry.task.attempt,
        outcome=outcome,
        started_at=now - timedelta(seconds=entry.context.running_for()),
        ended_at=now,
    )
