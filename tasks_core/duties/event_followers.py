"""What the leading beat does with events: one look at all cursors, hints to workers, and counting."""

import time
from datetime import datetime

from tasks_core.database.row_backoff import RowBackoff
from tasks_core.events.relay import LOOK_AT_CURSORS_SECONDS, Relay
from tasks_core.metrics.handler import MetricsHandler

_failing = RowBackoff(
    "events cannot be counted into the {}",
    "Subscribers get theirs; the counts follow once it is mended.",
)

Found = dict[str, datetime | None]


class Following:
    """Looks at the cursors again and again."""

    def __init__(self) -> None:
        self._relay = Relay()
        self._metrics = MetricsHandler()
        self._is_there_until = 0.0

    def look(self) -> Found:
        """Return whose cursors may have something to get."""
        if time.monotonic() >= self._is_there_until:
            self._metrics.create()
            self._is_there_until = time.monotonic() + LOOK_AT_CURSORS_SECONDS
        return self._relay.look([self._metrics.name])

    def follow(self, found: Found) -> bool:
        """Send hints to the subscribers and count; tell whether there is more to count.

        Raises:
            BrokerUnavailable: the hints were not sent; all is counted nevertheless.
        """
        is_more = False
        try:
            self._relay.hint(found)
        finally:
            if self._metrics.name in found and self._metrics.name not in _failing.aside():
                with _failing.stepping_past(self._metrics.name):
                    is_more = self._metrics.roll_up()
        return is_more
