"""A limit on the run time of a handler that runs in the main thread."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

from tasks_core.exceptions import MaxRuntimeExceeded

_NO_LIMIT = nullcontext()


def time_limit(seconds: float | None) -> AbstractContextManager[None]:
    """Raise ``MaxRuntimeExceeded`` in the block once ``seconds`` have passed.

    It uses the process' real-time timer, so it works in the main thread only (prefork and solo pools);
    elsewhere the block runs without a limit.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        return _NO_LIMIT
    return _limited(seconds)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def over(_signal: int, _frame: FrameType | None) -> None:
        raise MaxRuntimeExceeded(f"ran longer than max_runtime ({seconds:g} s)")

    previous = signal.signal(signal.SIGALRM, over)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGALRM,))  # a handler may have blocked it
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
