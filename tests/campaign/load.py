"""A caller that enqueues all the time, and keeps its own book of what it has committed."""

import random
import threading
import time
from contextlib import suppress

from django.db import Error, connections, transaction

import tasks_core

KINDS = {
    "project.work": "SUCCEEDED",
    "project.wait": "SUCCEEDED",
    "project.together": "SUCCEEDED",
    "project.note": "SUCCEEDED",
    "project.snooze": "SUCCEEDED",
    "project.fail": "DEAD",
}
"""What the load consists of, and how each of it must end."""

WEIGHTS = (8, 8, 4, 2, 2, 1)
PAUSE = 0.03


class RolledBackOnPurpose(Exception):
    """The caller changed its mind."""


class Load(threading.Thread):
    """Enqueues a few tasks in each of its transactions until it is ended."""

    def __init__(self, seed: int) -> None:
        super().__init__(name="load", daemon=True)
        self._rng = random.Random(seed)
        self._ended = threading.Event()
        self.committed: dict[int, str] = {}
        self.uncertain: dict[int, str] = {}
        self.rolled_back: set[int] = set()
        self.slowest = 0.0

    def run(self) -> None:
        """Enqueue until ended."""
        while not self._ended.wait(PAUSE):
            began = time.monotonic()
            self._place()
            self.slowest = max(self.slowest, time.monotonic() - began)
        connections.close_all()

    def end(self) -> None:
        """Stop, and wait for the last transaction."""
        self._ended.set()
        self.join(120)

    def _place(self) -> None:
        ids: dict[int, str] = {}
        is_wanted = self._rng.random() > 0.1
        try:
            with transaction.atomic():
                for _ in range(self._rng.randint(1, 6)):
                    kind = self._rng.choices(list(KINDS), WEIGHTS)[0]
                    seconds = self._rng.choice([0, 0.002, 0.02, 0.2])
                    ids[tasks_core.enqueue(kind, {"seconds": seconds}).pk] = kind
                if not is_wanted:
                    raise RolledBackOnPurpose
            self.committed |= ids
        except RolledBackOnPurpose:
            self.rolled_back |= set(ids)
        except Error:
            self.uncertain |= ids
            with suppress(Error):
                connections.close_all()
