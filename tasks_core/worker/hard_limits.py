"""The limits that only the end of the process can enforce.

A handler that ignores its cancellation, runs past ``max_runtime_hard`` or does not end within the grace
time of a stop is ended with its process. Before that, the innocent handlers on the event loop are cancelled
and have a moment to give back what they hold, and everything known is written: what the culprit's own
attempt came to, and that the others go back unused.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tasks_core import clock, conf
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.retry_policies import rule_for
from tasks_core.worker.inflight import InFlight, InFlightTable
from tasks_core.worker.outcome_buffer import OutcomeBuffer
from tasks_core.worker.release import ended_now, release

logger = logging.getLogger(__name__)

SECONDS_TO_WRITE = 10.0

GIVE_BACK_SECONDS = 5.0
"""How long cancelled handlers may take to give back what they hold."""

LOOK_AGAIN_SECONDS = 1.0
"""How long they are waited for at a time: meanwhile no lease is renewed."""

_rng = Random()
_may_end_process = False


def allow_ending_the_process() -> None:
    """Say that this is a child of the prefork pool, which its parent replaces."""
    global _may_end_process
    _may_end_process = True


@dataclass(frozen=True)
class _Ending:
    """Why this process must end, and until when others may give back what they hold."""

    culprit: InFlight | None
    reason: str
    until: float


class HardLimits:
    """Looked after by the keeper, once a second.

    ``stopping_for`` gives the seconds since the worker was asked to stop; ``cancel_handlers`` cancels those
    on the event loop, and says whether all have ended within the seconds given.
    """

    def __init__(
        self,
        inflight: InFlightTable,
        outcomes: OutcomeBuffer,
        stopping_for: Callable[[], float | None],
        cancel_handlers: Callable[[float], bool],
    ) -> None:
        self._inflight = inflight
        self._outcomes = outcomes
        self._stopping_for = stopping_for
        self._cancel_handlers = cancel_handlers
        self._ending: _Ending | None = None

    def enforce(self) -> None:
        """End the process if a handler leaves no other way."""
        if not _may_end_process:
            return
        self._ending = self._ending or self._begin_ending()
        if self._ending is None:
            return
        if not self._cancel_handlers(LOOK_AGAIN_SECONDS) and time.monotonic() < self._ending.until:
            return
        if self._ending.culprit or self._undecided():
            self._end_process(self._ending)
        self._ending = None  # the worker stops, and every handler has ended: nothing needs force

    def _undecided(self) -> list[InFlight]:
        return [entry for entry in self._inflight.all() if not entry.is_decided]

    def _begin_ending(self) -> _Ending | None:
        entries = self._undecided()
        for entry in entries:
            reason = _offence(entry)
            # From here on its own attempt cannot end otherwise: it may be among those that are cancelled.
            # Its failure is told last, for the next attempt may begin as soon as it is known.
            if reason and self._inflight.decide(entry):
                return _Ending(entry, reason, time.monotonic() + GIVE_BACK_SECONDS)
        if entries and self._is_grace_over():
            reason = "the worker stops and the handler did not end in time"
            return _Ending(None, reason, time.monotonic() + GIVE_BACK_SECONDS)
        return None

    def _is_grace_over(self) -> bool:
        stopping_for = self._stopping_for()
        return stopping_for is not None and stopping_for > conf.current().shutdown_grace_seconds

    def _end_process(self, ending: _Ending) -> None:
        culprit = ending.culprit
        logger.error(
            "ending process %d: %s (task %s)",
            os.getpid(),
            ending.reason,
            culprit.task.id if culprit else "any",
            extra=culprit.context.log_fields() if culprit else None,
        )
        if culprit is not None:
            failed = ended_now(culprit, _failed(culprit, ending.reason))
            self._outcomes.add((culprit.task_type.name, culprit, failed))
        release(self._inflight.all(), self._inflight, self._outcomes, reason=ending.reason)
        deadline = time.monotonic() + SECONDS_TO_WRITE
        while (left := deadline - time.monotonic()) > 0 and not self._outcomes.flush_all(
            patience=left
        ):
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)


def _offence(entry: InFlight) -> str:
    """Return what the handler has done that only the end of its process ends; empty if nothing."""
    if _is_over_time(entry):
        return "the handler ran longer than max_runtime_hard"
    grace = 0.0 if entry.is_terminated else conf.current().cancel_grace_seconds
    if entry.has_begun and entry.lost_for() > grace:
        return "the handler went on after its task was cancelled"
    return ""


def _is_over_time(entry: InFlight) -> bool:
    limit = entry.task_type.max_runtime_hard
    return limit is not None and entry.context.running_for() > limit


def _failed(entry: InFlight, reason: str) -> Outcome:
    task = entry.task
    rule = rule_for(entry.task_type, retry=task.retry, retry_policy_id=task.retry_policy_id)
    failure = Failure(error="tasks_core.ProcessEnded", message=reason)
    facts = Attempt(
        used=task.attempts_used, first_started_at=task.started_at, expires_at=task.expires_at
    )
    return decision.after_failure(rule, failure, facts, now=clock.now(), rng=_rng)
