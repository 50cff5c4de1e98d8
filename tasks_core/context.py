"""What a handler is told of its attempt."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks_core.registry import TaskType
    from tasks_core.statements.claim import ClaimedTask


class TaskContext:
    """Second argument of a handler.

    Attributes:
        task_id: the task.
        task_type: its type.
        attempt: number of this execution, from 1; with ``task_id`` it fences this attempt.
        attempts_used: attempts that count against the retry policy, this one included.
        max_attempts: the policy's limit.
        run_after: when the task was to run.
        expires_at: when it stops being worth running, or None.
        idempotency_key: the same in every attempt; hand it to whatever must not be done twice.
        correlation_id: what the caller gave, or empty.
    """

    def __init__(self, task: ClaimedTask, registered: TaskType, *, max_attempts: int) -> None:
        self.task_id = task.id
        self.task_type = registered.name
        self.attempt = task.attempt
        self.attempts_used = task.attempts_used
        self.max_attempts = max_attempts
        self.run_after: datetime = task.run_after
        self.expires_at: datetime | None = task.expires_at
        self.idempotency_key = task.idempotency_key or f"task-{task.id}"
        self.correlation_id = task.correlation_id
        self._max_runtime = registered.max_runtime
        self._began: float | None = None
        self._cancelled = False

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

    def begin(self) -> None:
        """Start the clock of the attempt (called by the executor)."""
        self._began = time.monotonic()

    def running_for(self) -> float:
        """Return the seconds since the handler was called, 0 before that."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def tell_cancelled(self) -> None:
        """Note that the attempt is no longer ours (called by the lease keeper)."""
        self._cancelled = True


current_context: ContextVar[TaskContext | None] = ContextVar("tasks_core_context", default=None)
"""The attempt whose handler runs here, for log lines and for children that inherit its correlation id."""
