"""Who may be in a worker process: many tasks side by side, or one that has to be alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks_core.inflight import InFlight, InFlightTable
from tasks_core.outbox import Outbox

LOOK_SECONDS = 0.05


class Room:
    """Lets an isolated task wait until its process is empty, and nobody in meanwhile.

    So whoever is lost with the process was in it alone, and it can only have been that task.
    """

    def __init__(
        self, inflight: InFlightTable, outbox: Outbox, is_stopping: Callable[[], bool]
    ) -> None:
        self._inflight = inflight
        self._outbox = outbox
        self._is_stopping = is_stopping
        self._messages = 0
        self._is_reserved = False
        self._changed = threading.Condition()

    @contextmanager
    def message(self) -> Iterator[None]:
        """Be in the process with a message; wait first while a task has it to itself."""
        with self._changed:
            while self._is_reserved and not self._is_stopping():
                self._changed.wait(LOOK_SECONDS)
            self._messages += 1
        try:
            yield
        finally:
            with self._changed:
                self._messages -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, entry: InFlight) -> Iterator[bool]:
        """Have the process to itself for ``entry``, with its message inside; give whether that came about.

        It does not if another task has reserved it before, or if the worker stops.
        """
        if not self._reserve():
            yield False
            return
        try:
            yield self._wait_until(lambda: self._is_empty_but_for(entry))
        finally:
            with self._changed:
                self._is_reserved = False
                self._changed.notify_all()

    def wait_for(self, entry: InFlight) -> None:
        """Wait until it is known what ``entry`` came to; not while the worker stops."""
        self._wait_until(lambda: entry.is_decided)

    def _reserve(self) -> bool:
        with self._changed:
            if self._is_reserved:
                return False
            self._is_reserved = True
            return True

    def _is_empty_but_for(self, entry: InFlight) -> bool:
        self._outbox.flush()
        return self._messages == 1 and all(other is entry for other in self._inflight.all())

    def _wait_until(self, is_so: Callable[[], bool]) -> bool:
        while not self._is_stopping():
            if is_so():
                return True
            with self._changed:
                self._changed.wait(LOOK_SECONDS)
        return False
