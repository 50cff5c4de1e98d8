"""Who may be in a worker process: many tasks side by side, or one that has to be alone."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks_core import clock
from tasks_core.worker.inflight import InFlight, InFlightTable
from tasks_core.worker.outcome_buffer import OutcomeBuffer

LOOK_SECONDS = 0.05

SHORTEST_WAIT, LONGEST_WAIT = 10.0, 1800.0
"""How long a task waits for an empty process: a quarter of the time since it first began."""

logger = logging.getLogger(__name__)


class Room:
    """Lets an isolated task wait until its process is empty, and nobody in meanwhile.

    So whoever is lost with the process was in it alone, and it can only have been that task. It waits for so
    long only: meanwhile the process takes nothing, and those on its event loop may go on for hours.
    """

    def __init__(
        self, inflight: InFlightTable, outcomes: OutcomeBuffer, is_stopping: Callable[[], bool]
    ) -> None:
        self._inflight = inflight
        self._outcomes = outcomes
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

        It does not if another task has reserved it before, or if others go on for too long. If the worker
        stops, or the task is taken away, there is nothing to wait for: it may not begin.
        """
        if not self._reserve():
            yield False
            return
        try:
            yield self._wait_until(
                lambda: entry.is_lost or self._is_empty_but_for(entry), seconds=_patience(entry)
            )
        finally:
            with self._changed:
                self._is_reserved = False
                self._changed.notify_all()

    def wait_for(self, entry: InFlight) -> None:
        """Wait until it is known what ``entry`` came to; not while the worker stops."""
        self._wait_until(lambda: entry.is_decided, seconds=math.inf)

    def _reserve(self) -> bool:
        with self._changed:
            if self._is_reserved:
                return False
            self._is_reserved = True
            return True

    def _is_empty_but_for(self, entry: InFlight) -> bool:
        self._outcomes.flush()
        return self._messages == 1 and all(other is entry for other in self._inflight.all())

    def _wait_until(self, is_so: Callable[[], bool], *, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not (self._is_stopping() or is_so()):
            if time.monotonic() >= until:
                logger.warning(
                    "a task that has to run alone is given back: after %.0f s still %d others run here",
                    seconds,
                    len(self._inflight) - 1,
                )
                return False
            with self._changed:
                self._changed.wait(LOOK_SECONDS)
        return True


def _patience(entry: InFlight) -> float:
    since_first = (clock.now() - entry.task.started_at).total_seconds()
    return min(max(SHORTEST_WAIT, since_first / 4), LONGEST_WAIT)
