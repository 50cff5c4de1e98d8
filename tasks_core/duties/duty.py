"""Something that beat does again and again, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable

from django.db import Error, connections
from redis import RedisError

from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.database.answer_limit import LONG_ANSWER_SECONDS, answers_within

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0

Sleep = Callable[[float], None]


class Duty(threading.Thread):
    """Calls ``work`` until stopped; ``work`` returns the seconds until it wants to be called again.

    With database or broker out of reach it waits longer from time to time and goes on; nothing but
    ``stop`` ends it. One with ``is_brief`` makes short statements only, whose answers may not take long.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], float],
        *,
        wait: Sleep | None = None,
        is_brief: bool = False,
    ) -> None:
        super().__init__(name=f"duty-{name}", daemon=True)
        self._arguments = (name, work, wait, is_brief)
        self._work = work
        self._is_brief = is_brief
        self._stopped = threading.Event()
        self._wait = wait or self._sleep
        self._pause = FIRST_PAUSE
        self._working_since: float | None = None

    def after(self, first: Callable[[], object]) -> "Duty":
        """Return the same duty, which calls ``first`` each time before its work."""
        name, work, wait, is_brief = self._arguments

        def both() -> float:
            first()
            return work()

        return Duty(name, both, wait=wait, is_brief=is_brief)

    def working_for(self) -> float:
        """Return the seconds that ``work`` has taken so far, 0 between two calls of it."""
        since = self._working_since
        return 0.0 if since is None else time.monotonic() - since

    def stop(self) -> None:
        """Ask the thread to end after what it is doing."""
        self._stopped.set()

    def renewed(self) -> "Duty":
        """Return a new thread with the same duty."""
        name, work, wait, is_brief = self._arguments
        return Duty(name, work, wait=wait, is_brief=is_brief)

    def run(self) -> None:
        """Work and wait until stopped."""
        while not self._stopped.is_set():
            try:
                delay = self._timed()
                self._pause = FIRST_PAUSE
                if delay > 0:
                    self._wait(delay)
            except (Error, BrokerUnavailable, RedisError, OSError) as error:
                logger.warning("%s pauses for %.1f s: %s", self.name, self._pause, error)
                self._recuperate()
            except (
                BaseException
            ):  # a receiver may raise SystemExit, and nobody starts this thread again
                logger.exception("%s failed; it goes on in %.1f s", self.name, self._pause)
                self._recuperate()
        connections.close_all()

    def _timed(self) -> float:
        self._working_since = time.monotonic()
        try:
            with answers_within(None if self._is_brief else LONG_ANSWER_SECONDS):
                return self._work()
        finally:
            self._working_since = None

    def _recuperate(self) -> None:
        try:
            connections.close_all()
        except Exception:
            logger.exception("%s could not close its connections", self.name)
        self._sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)
