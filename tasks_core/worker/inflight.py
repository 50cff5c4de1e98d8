"""The attempts that this process owns at the moment."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tasks_core.context import TaskContext
from tasks_core.registry import TaskType
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.lease import Ownership


@dataclass(slots=True, eq=False)
class InFlight:
    """One attempt between its claim and its recording."""

    task: ClaimedTask
    task_type: TaskType
    context: TaskContext
    lease_until: datetime
    lost_at: float | None = None
    is_decided: bool = False
    is_handed_over: bool = False
    is_terminated: bool = False

    @property
    def key(self) -> Ownership:
        """What fences it."""
        return self.task.id, self.task.attempt

    @property
    def is_lost(self) -> bool:
        """Whether the task was cancelled or taken over."""
        return self.lost_at is not None

    @property
    def has_begun(self) -> bool:
        """Whether its handler was called; the others of its batch wait for their turn."""
        return self.context.running_for() > 0

    def lost_for(self) -> float:
        """Return the seconds since that was noticed, 0 if it was not."""
        return 0.0 if self.lost_at is None else time.monotonic() - self.lost_at


@dataclass
class InFlightTable:
    """All of them, shared between the threads of the process."""

    _entries: dict[Ownership, InFlight] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, entries: Iterable[InFlight]) -> None:
        """Begin to look after ``entries``."""
        with self._lock:
            self._entries.update((entry.key, entry) for entry in entries)

    def discard(self, keys: Iterable[Ownership]) -> None:
        """Stop looking after ``keys``: they are recorded."""
        with self._lock:
            for key in keys:
                self._entries.pop(key, None)

    def all(self) -> list[InFlight]:
        """Return a copy of the entries."""
        with self._lock:
            return list(self._entries.values())

    def decide(self, entry: InFlight) -> bool:
        """Claim the right to say what the attempt came to; only the first caller has it."""
        with self._lock:
            if entry.is_decided:
                return False
            entry.is_decided = True
            return True

    def mark_lost(self, entries: Iterable[InFlight]) -> None:
        """Note that ``entries`` are no longer ours, and tell their handlers."""
        for entry in entries:
            entry.lost_at = time.monotonic()
            entry.context.tell_cancelled()

    def __len__(self) -> int:
        return len(self._entries)
