"""What the leading beat does with events: one look at all cursors, hints to workers, and counting."""

from __future__ import annotations

from datetime import datetime

from tasks_core.events.relay import Relay
from tasks_core.metrics.handler import MetricsHandler

Found = dict[str, datetime | None]


class Following:
    """Looks at the cursors again and again."""

    def __init__(self) -> None:
        self._relay = Relay()
        self._metrics = MetricsHandler()
        self._is_created = False

    def look(self) -> Found:
        """Return whose cursors may have something to get."""
        if not self._is_created:
            self._metrics.create()
            self._is_created = True
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
            if self._metrics.name in found:
                is_more = self._metrics.roll_up()
        return is_more
