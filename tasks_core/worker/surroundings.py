"""What a handler finds around it in its process, and may leave changed for those that come after it."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

from tasks_core.worker import process

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.001
"""Not looked at more often than that: a look takes some microseconds."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM)
"""By which the worker, Celery and the time limits reach the process."""

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Surroundings:
    """The process as it was before a message, to be put back behind its handlers.

    In other threads than the main one handlers run side by side, so there nothing is put back.
    """

    def __init__(self, whose: str) -> None:
        self._whose = whose
        self._is_kept = threading.current_thread() is threading.main_thread()
        if not self._is_kept:
            return
        self._folder = _folder()
        self._umask = _umask()
        self._recursion = sys.getrecursionlimit()
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._handlers = [signal.getsignal(number) for number in SIGNALS]
        self._timers = [bool(signal.getitimer(which)[0]) for which in TIMERS]
        self._looked_at = time.monotonic()

    def __enter__(self) -> "Surroundings":
        return self

    def __exit__(self, *_: object) -> None:
        self._looked_at = float("-inf")
        self.put_back()

    def put_back(self) -> None:
        """Undo what handlers have changed; between two of a message not at every call."""
        if not self._is_kept:
            return
        if sys.getrecursionlimit() < self._recursion:
            sys.setrecursionlimit(self._recursion)
            self._report("the recursion limit")
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            for what in self._changed():
                self._report(what)

    def _changed(self) -> Iterator[str]:
        """Put back what differs, and name it."""
        if self._stop_timers():
            yield "a timer"
        if self._put_handlers_back():
            yield "the handling of a signal"
        if signal.pthread_sigmask(signal.SIG_BLOCK, ()) != self._blocked:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
            yield "blocked signals"
        if self._folder and _folder() != self._folder:
            os.chdir(self._folder)
            yield "the working directory"
        if _umask() != self._umask:
            os.umask(self._umask)
            yield "the umask"

    def _stop_timers(self) -> bool:
        started = [
            which
            for which, was_on in zip(TIMERS, self._timers, strict=True)
            if not was_on and signal.getitimer(which)[0]
        ]
        for which in started:
            signal.setitimer(which, 0)
        return bool(started)

    def _put_handlers_back(self) -> bool:
        is_changed = False
        if process.is_stopping():
            return is_changed  # Celery changes them in the solo pool, for the next signal
        for number, handler in zip(SIGNALS, self._handlers, strict=True):
            # None is one that was not set by Python, and cannot be by it.
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
                is_changed = True
        return is_changed

    def _report(self, what: str) -> None:
        logger.error(
            "a handler of %s left %s changed in its process; it is as before again",
            self._whose,
            what,
        )


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 asked behind each handler
    except OSError:  # somebody has removed it
        return ""


def _umask() -> int:
    """Return the umask, which can only be read by setting it; for that moment to the strictest one."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
