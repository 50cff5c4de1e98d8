"""The thread of a worker process that writes outcomes in time where no handler's own thread does."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connections

from tasks_core import database
from tasks_core.worker.outcome_buffer import FLUSH_SECONDS, OutcomeBuffer

logger = logging.getLogger(__name__)


class OutcomeWriter(threading.Thread):
    """Runs as long as the process; asleep while nothing is to be written.

    Not a part of the keeper's work: receivers of other apps are called with it, which may take their time,
    and meanwhile the leases of all that runs here have to be renewed.
    """

    def __init__(self, outcomes: OutcomeBuffer) -> None:
        super().__init__(name="tasks-writer", daemon=True)
        self._outcomes = outcomes
        self._ended = threading.Event()
        self._writing = threading.Lock()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let it write nothing in this block."""
        with self._writing:
            yield

    def end(self) -> None:
        """Ask the thread to end, and wait for it."""
        self._ended.set()
        self._outcomes.has_pending.set()
        self.join(timeout=5)

    def run(self) -> None:
        """Write what waits for too long until ``end``."""
        while not self._ended.is_set():
            self._outcomes.has_pending.wait()
            try:
                self._write()
            except Error as error:
                logger.warning("outcomes are not written for now: %s", error)
                database.discard(database.connection())
            except BaseException:  # a receiver of ours may raise SystemExit
                logger.exception("the writer goes on: without it outcomes would be lost")
            self._ended.wait(FLUSH_SECONDS / 2)
        connections.close_all()

    def _write(self) -> None:
        if self._outcomes.is_overdue and self._writing.acquire(blocking=False):
            try:
                self._outcomes.flush()
            finally:
                self._writing.release()
