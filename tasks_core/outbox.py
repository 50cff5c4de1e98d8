"""Outcomes on their way to the database: gathered, so that one statement writes many."""

from __future__ import annotations

import logging
import threading
import time

from django.db import DataError, InterfaceError, OperationalError, connections

from tasks_core import database
from tasks_core.engine import decision
from tasks_core.engine.outcome import Failure
from tasks_core.inflight import InFlight, InFlightTable
from tasks_core.recorder import record
from tasks_core.statements.finish import FinishedAttempt

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""Longest time an outcome waits: what a crash can repeat at most."""

Finished = tuple[str, InFlight, FinishedAttempt]
"""Task type, the attempt as this process held it, and its outcome."""


class Outbox:
    """Shared by the threads of one worker process."""

    def __init__(self, inflight: InFlightTable) -> None:
        self._inflight = inflight
        self._pending: list[Finished] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._oldest = 0.0
        self.has_pending = threading.Event()

    def add(self, finished: Finished) -> None:
        """Take over one outcome."""
        with self._lock:
            if not self._pending:
                self._oldest = time.monotonic()
            self._pending.append(finished)
        if not self.has_pending.is_set():
            self.has_pending.set()

    @property
    def is_overdue(self) -> bool:
        """Whether the oldest outcome has waited long enough."""
        return bool(self._pending) and time.monotonic() - self._oldest >= FLUSH_SECONDS

    def flush(self) -> bool:
        """Write everything pending and return whether that succeeded.

        With the database out of reach the outcomes stay here and the next call tries again: an attempt
        whose lease ends meanwhile is simply repeated.
        """
        with self._writing:
            with self._lock:
                batch, self._pending = self._pending, []
                self.has_pending.clear()
            if not batch:
                return True
            try:
                self._write(batch)
            except (OperationalError, InterfaceError) as error:
                logger.warning("outcomes of %d tasks wait for the database: %s", len(batch), error)
                connections[database.alias()].close()
                self._put_back(batch)
                return False
            return True

    def _write(self, batch: list[Finished]) -> None:
        try:
            record([(kind, finished) for kind, _, finished in batch])
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 see below
            # What one outcome holds cannot be stored, or a receiver of a signal fails for one task: the
            # others must not suffer for it.
            logger.warning("%d outcomes are written one by one: %s", len(batch), error)
            for kind, _, finished in batch:
                _record_alone(kind, finished)
        self._inflight.discard(entry.key for _, entry, _ in batch)

    def _put_back(self, batch: list[Finished]) -> None:
        with self._lock:
            self._pending[:0] = batch
        self.has_pending.set()


def _record_alone(kind: str, finished: FinishedAttempt) -> None:
    try:
        record([(kind, finished)])
    except (OperationalError, InterfaceError):
        raise
    except DataError as error:
        logger.error(
            "the outcome of task %d cannot be stored: %s",
            finished.task_id,
            error,
            extra=_log_fields(kind, finished),
        )
        record([(kind, _unstorable(finished))])
    except Exception:
        # Its lease is renewed no longer, so that recovery tries again.
        logger.exception(
            "the outcome of task %d is not written",
            finished.task_id,
            extra=_log_fields(kind, finished),
        )


def _log_fields(kind: str, finished: FinishedAttempt) -> dict[str, object]:
    return {"task_id": finished.task_id, "task_type": kind, "attempt": finished.attempt}


def _unstorable(finished: FinishedAttempt) -> FinishedAttempt:
    failure = Failure(
        error="django.db.DataError", message="the outcome cannot be stored", final=True
    )
    facts = decision.Attempt(used=finished.attempt, first_started_at=finished.started_at)
    outcome = decision.final_failure(failure, facts, reason="the outcome cannot be stored")
    return FinishedAttempt(
        task_id=finished.task_id,
        attempt=finished.attempt,
        outcome=outcome,
        started_at=finished.started_at,
        ended_at=finished.ended_at,
    )
