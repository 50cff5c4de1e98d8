"""The probe message as the main process of a worker sees it: it hears when the pool has run it."""

from collections.abc import Callable
from typing import Any

from celery.worker.request import Request

_listeners: list[Callable[[], None]] = []


def listen(callback: Callable[[], None]) -> None:
    """Let ``callback`` be called whenever the message came back; it takes the place of the one before."""
    _listeners[:] = [callback]


class CanaryRequest(Request):
    """Celery acknowledges it when its handler has returned, in the main process (``acks_late``)."""

    has_failed = False

    def on_failure(self, *args: Any, **kwargs: Any) -> Any:
        """Do not take a lost pool process for an answer."""
        self.has_failed = True
        return super().on_failure(*args, **kwargs)

    def acknowledge(self) -> None:
        """Tell that it came back."""
        super().acknowledge()
        if not self.has_failed:
            for callback in _listeners:
                callback()
