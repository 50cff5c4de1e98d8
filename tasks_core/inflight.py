"""The attempts that this process owns at the moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tasks_core.context import TaskContext
from tasks_core.statements.claim import ClaimedTask
from tasks_core.statements.lease import Ownership


@dataclass(slots=True)
class InFlight:
    """One attempt between its claim and its recording."""

    task: ClaimedTask
    context: TaskContext
    lease_until: datetime
    is_lost: bool = False

    @property
    def key(self) -> Ownership:
        """What fences it."""
        return self.task.id, self.task.attempt


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

    def mark_lost(self, keys: Iterable[Ownership]) -> None:
        """Note that ``keys`` are no longer ours, and tell their handlers."""
        with self._lock:
            for key in keys:
                entry = self._entries.get(key)
                if entry is not None:
                    entry.is_lost = True
                    entry.context.tell_cancelled()

    def __len__(self) -> int:
        return len(self._entries)
