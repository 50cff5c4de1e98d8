"""Asks for what the scenarios want, and announces the events, in a thread of its own."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from django.db import connections

from examples.demo.asked import Asked, asked_by
from examples.payments.event import Event
from examples.payments.gateway import Announced, Gateway
from notifications.exceptions import NotificationsError


class EventRefused(Exception):
    """An event or a scenario cannot be announced; the text names it and says why."""


class Feeder(threading.Thread):
    """Calls `asks`, then feeds `events` to `gateway` one after the other, as they would come in.

    `announced` grows in their order; `asked` are the messages that all of it comes to, by kind; `codes`
    those of the scenarios, by notification; `failure` is what ended it.
    """

    def __init__(
        self, gateway: Gateway, events: Sequence[Event], asks: Sequence[Callable[[], Asked]] = ()
    ) -> None:
        super().__init__(name="feeder", daemon=True)
        self._gateway = gateway
        self._events = events
        self._asks = asks
        self._stopped = threading.Event()
        self.announced: list[tuple[Event, Announced]] = []
        self.asked: Counter[str] = asked_by(events)
        self.codes: dict[int, str] = {}
        self.failure: Exception | None = None

    def run(self) -> None:
        """Announce until all are announced, one fails, or `stop` is called."""
        try:
            for ask in self._asks:
                self._ask(ask)
            for event in self._events:
                if self._stopped.is_set():
                    return
                self.announced.append((event, self._announce(event)))
        except Exception as error:  # noqa: BLE001 the main thread reports it
            self.failure = error
        finally:
            connections.close_all()

    @property
    def too_late(self) -> int:
        """How many codes were too late when their event came in, and were never stored."""
        return sum(found.is_too_late for _, found in list(self.announced))

    def _ask(self, ask: Callable[[], Asked]) -> None:
        try:
            asked = ask()
        except NotificationsError as error:
            raise EventRefused(f"A scenario was refused: {error}") from error
        self.asked.update(asked.counts)
        self.codes |= asked.codes

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
