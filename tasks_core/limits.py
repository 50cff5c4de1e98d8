"""The limits that only the end of the process can enforce.

A handler that ignores its cancellation, runs past ``max_runtime_hard`` or does not end within the grace
time of a stop is ended with its process. Before that, everything known is written: what the handler's own
attempt came to, and that the innocent others go back unused.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.inflight import InFlight, InFlightTable
from tasks_core.outbox import Outbox
from tasks_core.policies import rule_for
from tasks_core.statements.finish import FinishedAttempt

logger = logging.getLogger(__name__)

SECONDS_TO_WRITE = 10.0

_rng = Random()
_may_end_process = False


def allow_ending_the_process() -> None:
    """Say that this is a child of the prefork pool, which its parent replaces."""
    global _may_end_process
    _may_end_process = True


class Limits:
    """Looked after by the keeper, once a second."""

    def __init__(
        self, inflight: InFlightTable, outbox: Outbox, is_stopping: Callable[[], bool]
    ) -> None:
        self._inflight = inflight
        self._outbox = outbox
        self._is_stopping = is_stopping
        self._stopping_since: float | None = None

    def enforce(self) -> None:
        """End the process if a handler leaves no other way."""
        if not _may_end_process:
            return
        entries = [entry for entry in self._inflight.all() if not entry.is_decided]
        if self._grace_is_over() and entries:
            self._end_process(None, "the worker stops and the handler did not end in time")
        for entry in entries:
            if _is_over_time(entry):
                self._end_process(entry, "the handler ran longer than max_runtime_hard")
            grace = 0.0 if entry.is_terminated else setting("CANCEL_GRACE_SECONDS")
            if entry.has_begun and entry.lost_for() > grace:
                self._end_process(entry, "the handler went on after its task was cancelled")

    def _grace_is_over(self) -> bool:
        if not self._is_stopping():
            self._stopping_since = None
            return False
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
        grace: float = setting("SHUTDOWN_GRACE_SECONDS")
        return time.monotonic() - self._stopping_since > grace

    def _end_process(self, culprit: InFlight | None, reason: str) -> None:
        logger.error(
            "ending process %d: %s (task %s)",
            os.getpid(),
            reason,
            culprit.task.id if culprit else "any",
            extra=culprit.context.log_fields() if culprit else None,
        )
        for entry in self._inflight.all():
            if self._inflight.decide(entry):
                outcome = _failed(entry, reason) if entry is culprit else _released(reason)
                self._outbox.add((entry.task_type.name, entry, _finished(entry, outcome)))
        deadline = time.monotonic() + SECONDS_TO_WRITE
        while not self._outbox.flush() and time.monotonic() < deadline:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)


def _is_over_time(entry: InFlight) -> bool:
    limit = entry.task_type.max_runtime_hard
    return limit is not None and entry.context.running_for() > limit


def _released(reason: str) -> Outcome:
    return decision.released(now=clock.now(), reason=reason)


def _failed(entry: InFlight, reason: str) -> Outcome:
    task = entry.task
    rule = rule_for(entry.task_type, retry=task.retry, retry_policy_id=task.retry_policy_id)
    failure = Failure(error="tasks_core.ProcessEnded", message=reason)
    facts = Attempt(
        used=task.attempts_used, first_started_at=task.started_at, expires_at=task.expires_at
    )
    return decision.after_failure(rule, failure, facts, now=clock.now(), rng=_rng)


def _finished(entry: InFlight, outcome: Outcome) -> FinishedAttempt:
    now = clock.now()
    return FinishedAttempt(
        task_id=entry.task.id,
        attempt=entry.task.attempt,
        outcome=outcome,
        started_at=now - timedelta(seconds=entry.context.running_for()),
        ended_at=now,
    )
