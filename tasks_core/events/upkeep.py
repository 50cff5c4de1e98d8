"""What beat does for the event store: partitions made ahead, old events removed."""

import logging
import time
from collections.abc import Callable

from tasks_core import clock
from tasks_core.events.partitions import TableBusy, make_ahead
from tasks_core.events.retention import prune_histories, remove_old_events

logger = logging.getLogger(__name__)

HOUR = 3_600.0
BUSY_SECONDS = 15.0
PAUSE_BETWEEN_BATCHES = 0.1


class Upkeep:
    """Knows what is due next.

    Removing is left to the beat for which ``leads()`` is true: a second one would only wait for its locks.
    """

    def __init__(self, leads: Callable[[], bool]) -> None:
        self._leads = leads
        self._make_at = self._remove_at = float("-inf")
        self._busy_since: float | None = None

    def __call__(self) -> float:
        """Do a little of what is due; return the seconds until more is."""
        now = time.monotonic()
        try:
            pause = self._work(now)
        except TableBusy as error:
            return self._try_again(now, error)
        self._busy_since = None
        return pause

    def _work(self, now: float) -> float:
        if now >= self._make_at:
            make_ahead(clock.now())
            self._make_at = now + HOUR
        if now >= self._remove_at and self._leads():
            if remove_old_events() + prune_histories():
                return PAUSE_BETWEEN_BATCHES
            self._remove_at = now + HOUR
        return BUSY_SECONDS

    def _try_again(self, now: float, error: TableBusy) -> float:
        """A long reader is no trouble: there are partitions for days ahead. One that never ends is."""
        since = self._busy_since = self._busy_since or now
        if now - since >= HOUR:
            logger.warning("the event table has been in use for an hour: %s", error)
            self._busy_since = now
        return BUSY_SECONDS
