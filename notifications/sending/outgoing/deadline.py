"""A time limit for one thing after the other, with one timer."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls ``on_over`` when the time that was set last is over.

    Mostly it is not reached, and set anew for the next exchange. So a timer that is too early is left to
    run, and then starts again: cheaper than to start and to cancel one for each exchange.
    """

    def __init__(self, on_over: Callable[[], None]) -> None:
        self._on_over = on_over
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, until: float) -> None:
        """Set the time, by the clock of the event loop."""
        self._until = until
        if self._timer is not None:
            if self._timer.when() <= until:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(until, self._run)

    def clear(self) -> None:
        """Forget the time."""
        self._until = None

    def close(self) -> None:
        """Leave no timer behind."""
        self._until = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._until > asyncio.get_running_loop().time():
            self.set(self._until)
        else:
            self._on_over()
