"""Do something at most so often."""

import threading
import time


class Pace:
    """Spaces out steps evenly; a slow step is not made up for by a burst.

    Args:
        rate: steps per second, or None for no limit.
        stop: ends a wait at once.
    """

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        self._interval = 0.0 if rate is None else 1.0 / rate
        self._stop = stop
        self._next = time.monotonic()

    def wait(self) -> bool:
        """Wait until the next step may be made; return False if it must not be."""
        pause = self._next - time.monotonic()
        if pause > 0:
            self._stop.wait(pause)
        self._next = max(self._next, time.monotonic()) + self._interval
        return not self._stop.is_set()
