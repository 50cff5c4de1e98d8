"""What a handler is told of its attempt, and what it can say about it."""

import logging
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from tasks_core import clock, conf
from tasks_core.broker.consumed_queues import consumed_queues
from tasks_core.current_attempt import current_context
from tasks_core.database.handler_queries import ask_in_passing
from tasks_core.database.lower_bound import LowerBound
from tasks_core.engine.json_text import check_depth, json_text
from tasks_core.engine.redaction import HiddenValues
from tasks_core.exceptions import InvalidOption, PayloadTooLarge, TaskCancelled
from tasks_core.logs.redaction import without_known_secrets
from tasks_core.payloads import secrets_of
from tasks_core.priority import Priority
from tasks_core.sql.progress import Noted, note_progress, set_checkpoint, urgent_work_waits
from tasks_core.sql.recover import first_queued

if TYPE_CHECKING:
    from tasks_core.registry import TaskType
    from tasks_core.sql.claim import ClaimedTask

__all__ = ["TaskContext", "current_context"]

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0
"""Progress is written at most so often; the last call of a handler that has finished always counts."""

CHECKPOINT_SECONDS = 2.0
"""How long a checkpoint is tried while somebody else has locked the row of the task."""

_queued = LowerBound(first_queued, is_patient=False)

_NEVER = float("-inf")

YIELD_SECONDS = 0.5
"""How often ``should_yield`` asks the database."""


class TaskContext:
    """Second argument of a handler.

    Attributes:
        task_id: the task.
        task_type: its type.
        attempt: number of this execution, from 1; with ``task_id`` it fences this attempt.
        attempts_used: attempts that count against the retry policy, this one included.
        max_attempts: the policy's limit.
        run_after: when the task was to run.
        scheduled_for: the tick of its schedule as it was intended, or None for a task of no schedule.
        expires_at: when it stops being worth running, or None.
        idempotency_key: the same in every attempt, and in a replay with the same payload; hand it to
            whatever must not be done twice.
        correlation_id: what the caller gave, or empty.
        last_checkpoint: what an earlier attempt saved with ``checkpoint``, or None.
    """

    def __init__(self, task: "ClaimedTask", registered: "TaskType", *, max_attempts: int) -> None:
        self.task_id = task.id
        self.task_type = registered.name
        self.attempt = task.attempt
        self.attempts_used = task.attempts_used
        self.max_attempts = max_attempts
        self.run_after: datetime = task.run_after
        self.scheduled_for: datetime | None = task.scheduled_for
        self.expires_at: datetime | None = task.expires_at
        self.idempotency_key = task.idempotency_key or f"task-{task.id}"
        self.correlation_id = task.correlation_id
        self.last_checkpoint: Any = task.checkpoint
        self._stored_payload = task.payload
        self._hidden: HiddenValues | None = None
        self._queue_name = task.queue_name
        self._priority = task.priority
        self._max_runtime = registered.max_runtime
        self._began: float | None = None
        self._cancelled = False
        self._progress_at = self._yield_asked_at = _NEVER
        self._should_yield = False

    @property
    def hidden(self) -> HiddenValues:
        """What no log line of this attempt may show: at first the secrets of the payload."""
        if self._hidden is None:
            self._hidden = HiddenValues(secrets_of(self._stored_payload))
        return self._hidden

    @property
    def cancelled(self) -> bool:
        """Whether the task was cancelled or taken away; a long handler should look and return."""
        return self._cancelled

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure now writes a dead letter."""
        return self.attempts_used >= self.max_attempts

    def remaining(self) -> float | None:
        """Return the seconds left of ``max_runtime``, or None without one."""
        if self._max_runtime is None or self._began is None:
            return self._max_runtime
        return self._max_runtime - (time.monotonic() - self._began)

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Show operators how far the attempt has come; written at most once a second.

        A database that is away does not fail the work: then it is not written.

        Raises:
            InvalidOption: ``done`` is negative or more than ``total``.
        """
        if done < 0 or (total is not None and done > total):
            raise InvalidOption(f"done ({done:g}) must lie between 0 and total ({total})")
        is_complete = total is not None and done == total
        if time.monotonic() - self._progress_at < PROGRESS_SECONDS and not is_complete:
            return
        self._progress_at = time.monotonic()
        facts = {"done": done, "total": total, "note": without_known_secrets(note, limit=200)[:200]}
        owned, now = (self.task_id, self.attempt), clock.now()
        noted = ask_in_passing(lambda: note_progress(owned, facts, lease=_lease(), now=now))
        if noted is None:
            self._warn("the progress of task %d is not saved: the database is out of reach")
        if noted is Noted.NOT_OURS:
            self._cancelled = True

    def checkpoint(self, data: Any) -> None:
        """Save where to resume: the next attempt finds ``data`` (JSON) in ``last_checkpoint``.

        While somebody else keeps the row of the task locked for long, or the database is out of reach, the
        one before it stays.

        Raises:
            TaskCancelled: the task is no longer ours; let it pass.
            PayloadTooLarge: more than MAX_PAYLOAD_BYTES as JSON.
            TypeError, ValueError: it is no JSON, or nested too deeply.
        """
        text = json_text(data)
        check_depth(text)
        size = len(text.encode())
        if size > conf.current().max_payload_bytes:
            raise PayloadTooLarge(
                f"the checkpoint has {size:,} bytes, more than {conf.current().max_payload_bytes:,}; "
                "store the data elsewhere and save its key"
            )
        noted = self._set_checkpoint(data)
        if noted is Noted.NOT_OURS:
            self._cancelled = True
            raise TaskCancelled(f"task {self.task_id} was cancelled or taken over")
        if noted is not Noted.WRITTEN:
            why = "the database is out of reach" if noted is None else "its row is locked"
            self._warn(f"a checkpoint of task %d is not saved: {why}")
            return
        self.last_checkpoint = data

    def _warn(self, message: str) -> None:
        logger.warning(message, self.task_id, extra=self.log_fields())

    def _set_checkpoint(self, data: Any) -> Noted | None:
        until = time.monotonic() + CHECKPOINT_SECONDS
        owned, lease = (self.task_id, self.attempt), _lease()
        while True:
            noted = ask_in_passing(
                lambda: set_checkpoint(owned, data, lease=lease, now=clock.now())
            )
            if noted is not Noted.LOCKED or time.monotonic() > until:
                return noted
            time.sleep(0.05)

    def should_yield(self) -> bool:
        """Tell whether critical work waits for this worker; if so, checkpoint and raise ``Yield``."""
        if self._priority == Priority.CRITICAL:
            return False
        if time.monotonic() - self._yield_asked_at >= YIELD_SECONDS:
            self._yield_asked_at = time.monotonic()
            queues = consumed_queues() or [self._queue_name]
            self._should_yield = bool(ask_in_passing(lambda: _urgent_work_waits(queues)))
        return self._should_yield

    async def aprogress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Do what ``progress`` does, from an ``async def`` handler."""
        await sync_to_async(self.progress)(done, total, note)

    async def acheckpoint(self, data: Any) -> None:
        """Do what ``checkpoint`` does, from an ``async def`` handler."""
        await sync_to_async(self.checkpoint)(data)

    def log_fields(self) -> dict[str, Any]:
        """Return what each log line of the attempt says of it."""
        return {
            "task_id": self.task_id,
            "task_type": self.task_type,
            "attempt": self.attempt,
            "correlation_id": self.correlation_id or f"task-{self.task_id}",
        }

    def begin(self) -> None:
        """Start the clock of the attempt (called by the executor)."""
        self._began = time.monotonic()

    def running_for(self) -> float:
        """Return the seconds since the handler was called, 0 before that."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def tell_cancelled(self) -> None:
        """Note that the attempt is no longer ours (called by the lease keeper)."""
        self._cancelled = True


def _lease() -> timedelta:
    return timedelta(seconds=conf.current().lease_seconds)


def _urgent_work_waits(queue_names: list[str]) -> bool:
    is_any_queued = _queued.first(clock.now()) is not None
    return is_any_queued and urgent_work_waits(queue_names, since=_queued.since)
