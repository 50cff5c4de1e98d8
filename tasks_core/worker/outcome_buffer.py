"""Outcomes on their way to the database: gathered, so that one statement writes many."""

import logging
import threading
import time

from django.db import DataError

from tasks_core import database
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.errors import (
    DATABASE_ERRORS,
    is_for_everybody,
    is_lock_timeout,
    is_servers_fault,
)
from tasks_core.engine import decision
from tasks_core.engine.outcome import Failure
from tasks_core.outcomes.record import record, tell_of_recorded
from tasks_core.outcomes.unsuccessful import ReceiverFailed
from tasks_core.sql.finish import FinishedAttempt, Written
from tasks_core.sql.lease import Ownership
from tasks_core.worker.inflight import InFlight, InFlightTable

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""Longest time an outcome waits: what a crash can repeat at most."""

LONGEST_PAUSE, LONGEST_PAUSE_ALONE = 2.0, 60.0
"""How long the next try waits at most: without the database, and of one outcome that fails alone."""

LOCKED_SECONDS = 1.0
"""How soon an outcome is tried again whose row somebody else has locked."""

TRIES_TOGETHER = 3
"""After so many in a row, each on a new session, outcomes are tried one by one."""

FAILING_AT_ONCE = 3
"""So many that fail alone are met in one turn; the next ones are met after those that do not fail."""

Finished = tuple[str, InFlight, FinishedAttempt]
"""Task type, the attempt as this process held it, and its outcome."""


class OutcomeBuffer:
    """Shared by the threads of one worker process."""

    def __init__(self, inflight: InFlightTable) -> None:
        self._inflight = inflight
        self._pending: list[Finished] = []
        self._under_way: list[Finished] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._oldest = 0.0
        self._failures = 0
        self._paused_until = 0.0
        self._doubted: set[Ownership] = set()
        self._tries: dict[Ownership, int] = {}
        self._waits_until: dict[Ownership, float] = {}
        self._locked: set[Ownership] = set()
        self.has_pending = threading.Event()

    def add(self, finished: Finished) -> None:
        """Take over one outcome."""
        with self._lock:
            now = time.monotonic()
            if not self._pending or self._oldest > now:
                self._oldest = now
            self._pending.append(finished)
            finished[1].is_handed_over = True
        if not self.has_pending.is_set():
            self.has_pending.set()

    @property
    def is_overdue(self) -> bool:
        """Whether the oldest outcome has waited long enough."""
        return bool(self._pending) and time.monotonic() - self._oldest >= FLUSH_SECONDS

    def flush(self, *, patience: float = -1.0) -> bool:
        """Write everything that may be written now; False if the database is in the way.

        Then the outcomes stay here and a later call tries again: an attempt whose lease ends meanwhile is
        simply repeated. Those whose row somebody else has locked stay as well, and no other waits for them.

        Another thread that writes is waited for, ``patience`` seconds at most, or as long as it takes: a
        receiver of another app may keep it.
        """
        if not self._writing.acquire(timeout=patience):
            return False
        try:
            with answers_within():
                return self._write_pending()
        except BaseException:  # a soft time limit, say, or the exit of a receiver
            self._recall()
            raise
        finally:
            self._writing.release()

    def _write_pending(self) -> bool:
        if time.monotonic() < self._paused_until:
            return False
        batch = self._taken()
        while batch:
            try:
                self._write(batch)
            except DATABASE_ERRORS as error:
                self._put_back(batch)
                connection = database.connection()
                if connection.in_atomic_block:
                    raise  # the transaction is the caller's, and with it what was written before
                database.discard(connection)
                if self._note_failure(len(batch), error):
                    return False
                batch = self._taken()
            else:
                self._failures = 0
                return True
        return True

    def flush_all(self, *, patience: float = -1.0) -> bool:
        """Write everything that may be written now; False if something is still in the way of one of them."""
        return self.flush(patience=patience) and not self._locked

    def _taken(self) -> list[Finished]:
        """Take out what is pending, but for what has to wait for a while."""
        now = time.monotonic()
        with self._lock:
            if not self._waits_until:
                self._under_way, self._pending = self._pending, []
                self.has_pending.clear()
                return self._under_way
            batch = [one for one in self._pending if self._not_before(one) <= now]
            self._under_way = batch
            self._pending = [one for one in self._pending if self._not_before(one) > now]
            if self._pending:
                self._oldest = min(map(self._not_before, self._pending))
            else:
                self.has_pending.clear()
        return batch

    def _recall(self) -> None:
        """Put back what a flush had taken out that was cut short."""
        with self._lock:
            pending = set(map(id, self._pending))
            self._pending[:0] = [one for one in self._under_way if id(one) not in pending]
            self._under_way = []
        self.has_pending.set()

    def _put_back(self, batch: list[Finished]) -> None:
        if not batch:
            return
        with self._lock:
            self._pending[:0] = batch
        self.has_pending.set()

    def _note_failure(self, count: int, error: Exception) -> bool:
        """Tell whether to wait before the next try. The first costs nothing: the session may be to blame."""
        self._failures += 1
        if self._failures == 1:
            return False
        pause = min(FLUSH_SECONDS * 2**self._failures, LONGEST_PAUSE)
        self._paused_until = time.monotonic() + pause
        logger.warning("outcomes of %d tasks wait for the database: %s", count, error)
        return True

    def _write(self, batch: list[Finished]) -> None:
        """Write ``batch``, and take out of it what is done with.

        Raises:
            django.db.Error: the database is to blame. What is left in ``batch`` is to be put back.
        """
        self._leave_out_written(batch)
        if not batch:
            return
        # What has failed alone does so again, as long as nobody mends it, and the others would with it.
        alone = [one for one in batch if one[1].key in self._tries] if self._tries else []
        together = [one for one in batch if one[1].key not in self._tries] if alone else batch
        try:
            locked = _recorded(together).locked
        except BaseException as error:
            # It may have come after the commit, whatever it is.
            self._doubted.update(entry.key for _, entry, _ in batch)
            if not isinstance(error, Exception):
                raise
            if is_servers_fault(error) and not self._is_about_rows(error):
                raise
            # What one outcome holds cannot be stored, or a receiver of a signal fails for one task: the
            # others must not suffer for it.
            logger.warning("%d outcomes are written one by one: %s", len(batch), error)
            self._write_each(batch)
        else:
            self._forget([one for one in together if one[2].task_id not in locked])
            self._wait_for_locks([one for one in together if one[2].task_id in locked])
            batch[:] = alone
            if alone:
                self._write_each(batch)

    def _is_about_rows(self, error: Exception) -> bool:
        """Tell whether the database is not to blame for an error that calls itself its fault.

        So it is if it has come again and again on new sessions of a database that answers and takes
        writes: a receiver of another app has failed at what it asked of the database. A server that says
        that its disk is full means everybody.
        """
        if self._failures < TRIES_TOGETHER or is_for_everybody(error):
            return False
        connection = database.connection()
        if connection.in_atomic_block:
            return False
        database.discard(connection)
        return database.takes_writes()

    def _write_each(self, batch: list[Finished]) -> None:
        """Write outcomes one by one; step past those that fail, a few at a time."""
        failed = 0
        while batch and failed < FAILING_AT_ONCE:
            one = batch[0]  # and taken out last, so that it is not lost if this is cut short
            try:
                self._leave_out_written(alone := [one])
                is_locked = any(_is_locked(kind, finished) for kind, _, finished in alone)
            except (*DATABASE_ERRORS, ReceiverFailed) as error:
                failed += 1
                if is_lock_timeout(error):  # a receiver wants a row that somebody has locked
                    self._wait_for_locks([one])
                else:
                    self._step_past(one, error)
            else:
                if is_locked:
                    self._wait_for_locks([one])
                else:
                    self._forget([one])
            del batch[0]
        self._put_back(batch)
        batch.clear()

    def _wait_for_locks(self, batch: list[Finished]) -> None:
        """Try these again in a while: they are ours, but somebody else has rows of theirs locked."""
        keys = [entry.key for _, entry, _ in batch]
        self._locked.update(keys)
        self._waits_until.update(dict.fromkeys(keys, time.monotonic() + LOCKED_SECONDS))
        self._put_back(batch)

    def _step_past(self, one: Finished, error: Exception) -> None:
        kind, entry, finished = one
        connection = database.connection()
        if connection.in_atomic_block:
            raise error
        database.discard(connection)
        tries = self._tries.get(entry.key, 0) + 1
        pause = min(2.0**tries, LONGEST_PAUSE_ALONE)
        self._tries[entry.key] = tries
        self._waits_until[entry.key] = time.monotonic() + pause
        self._doubted.add(entry.key)
        self._put_back([one])
        logger.error(
            "the outcome of task %d is not written, it is tried again in %.0f s; if no other waits, look "
            "at the receivers of tasks_unsuccessful and the triggers of the table: %s",
            finished.task_id,
            pause,
            error,
            extra=_log_fields(kind, finished),
        )

    def _leave_out_written(self, batch: list[Finished]) -> None:
        """Take out of ``batch`` what an earlier try has written although its answer was lost."""
        doubted = [one for one in batch if one[1].key in self._doubted] if self._doubted else []
        if not doubted:
            return
        ids = tell_of_recorded([(kind, finished) for kind, _, finished in doubted])
        written = [one for one in doubted if one[2].task_id in ids]
        batch[:] = [one for one in batch if one not in written]
        self._forget(written)

    def _forget(self, batch: list[Finished]) -> None:
        keys = [entry.key for _, entry, _ in batch]
        self._inflight.discard(keys)
        if self._doubted:
            self._doubted.difference_update(keys)
        for key in keys if self._waits_until else ():
            self._tries.pop(key, None)
            self._waits_until.pop(key, None)
            self._locked.discard(key)

    def _not_before(self, one: Finished) -> float:
        return self._waits_until.get(one[1].key, 0.0) if self._waits_until else 0.0


def _recorded(batch: list[Finished]) -> Written:
    if not batch:
        return Written(set())
    return record([(kind, finished) for kind, _, finished in batch])


def _is_locked(kind: str, finished: FinishedAttempt) -> bool:
    """Write one outcome; True if it must wait, because somebody else has locked its row."""
    try:
        return bool(record([(kind, finished)]).locked)
    except DataError as error:
        logger.error(
            "the outcome of task %d cannot be stored: %s",
            finished.task_id,
            error,
            extra=_log_fields(kind, finished),
        )
        return _is_locked_or_left(kind, _unstorable(finished))
    except ReceiverFailed:
        raise
    except Exception as error:  # noqa: BLE001 a listener may raise anything
        _leave(kind, finished, error)
    return False


def _is_locked_or_left(kind: str, finished: FinishedAttempt) -> bool:
    try:
        return bool(record([(kind, finished)]).locked)
    except ReceiverFailed:
        raise
    except Exception as error:  # noqa: BLE001 a listener may raise anything
        _leave(kind, finished, error)
    return False


def _leave(kind: str, finished: FinishedAttempt, error: Exception) -> None:
    """Leave an attempt to recovery: its lease is renewed no longer. Not if the database is to blame."""
    if is_servers_fault(error) or is_lock_timeout(error):
        raise error
    logger.error(
        "the outcome of task %d is not written",
        finished.task_id,
        extra=_log_fields(kind, finished),
        exc_info=error,
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
