"""Announces the events one after the other, as they would come in, in a thread of its own."""

import threading
from collections.abc import Sequence

from django.db import connections

from examples.payments.event import Event
from examples.payments.gateway import Announced, Gateway
from notifications.exceptions import NotificationsError


class EventRefused(Exception):
    """An event cannot be announced; the text names it and says why."""


class Feeder(threading.Thread):
    """Feeds `events` to `gateway`. `announced` grows in their order; `failure` is what ended it."""

    def __init__(self, gateway: Gateway, events: Sequence[Event]) -> None:
        super().__init__(name="feeder", daemon=True)
        self._gateway = gateway
        self._events = events
        self._stopped = threading.Event()
        self.announced: list[tuple[Event, Announced]] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        """Announce until all are announced, one fails, or `stop` is called."""
        try:
            for event in self._events:
                if self._stopped.is_set():
                    return
                self.announced.append((event, self._announce(event)))
        except Exception as error:  # noqa: BLE001 the main thread reports it
            self.failure = error
        finally:
            connections.close_all()

    def _announce(self, event: Event) -> Announced:
        try:
            return self._gateway.announce(event)
        except NotificationsError as error:
            raise EventRefused(f"{event.id}: {error}") from error

    def stop(self) -> None:
        """End after the event that is being announced."""
        self._stopped.set()
        if self.is_alive():
            self.join()
