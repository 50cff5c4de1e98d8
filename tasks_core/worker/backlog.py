"""The tasks of a message that have been claimed and wait for those before them."""

import time
from collections import deque
from collections.abc import Iterable

from tasks_core.worker.inflight import InFlight

PATIENCE_SECONDS = 2.0
"""Messages are made for a tenth of that; who waits longer is better off in another process."""


class Backlog:
    """Taken from the front by the thread that runs them, and from the end by the keeper, each by one step."""

    def __init__(self, entries: Iterable[InFlight]) -> None:
        self._entries = deque(entries)
        self._since = time.monotonic()

    def next(self) -> InFlight | None:
        """Take out the one whose turn it is; None if there is none any more."""
        try:
            return self._entries.popleft()
        except IndexError:
            return None

    def take(self, count: int) -> list[InFlight]:
        """Take out the first ``count``."""
        taken = (self.next() for _ in range(count))
        return [entry for entry in taken if entry is not None]

    def overdue(self) -> list[InFlight]:
        """Take out all that have waited too long."""
        if time.monotonic() - self._since < PATIENCE_SECONDS:
            return []
        return self.rest()

    def rest(self) -> list[InFlight]:
        """Take out all, from the end."""
        taken: list[InFlight] = []
        while self._entries:
            try:
                taken.append(self._entries.pop())
            except IndexError:
                break
        return taken[::-1]

    def __bool__(self) -> bool:
        return bool(self._entries)
