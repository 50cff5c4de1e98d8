"""How many messages of the lanes nobody has read, asked of the broker only where it may matter."""

import time
from collections.abc import Sequence

from tasks_core.broker.publish import waiting_messages

FRESH_SECONDS = 0.1
"""So long a count is good; workers only lower it, and what others publish meanwhile is little."""


class UnreadMessages:
    """Remembers what the broker said and what was published since: then no more can be unread."""

    def __init__(self) -> None:
        self._most: dict[str, int] = {}
        self._asked_at: dict[str, float] = {}

    def of(self, lanes: Sequence[str], *, few: int) -> dict[str, int]:
        """Return how many messages of each lane are unread, or a number below ``few`` if they are not more.

        Raises:
            BrokerUnavailable: it has to be asked, and cannot be.
        """
        now = time.monotonic()
        if not all(self._is_known(lane, few, now) for lane in lanes):
            self._most.update(waiting_messages(lanes))
            self._asked_at.update(dict.fromkeys(lanes, now))
        return {lane: self._most[lane] for lane in lanes}

    def published(self, lane: str, messages: int) -> None:
        """Note that there are so many more."""
        self._most[lane] = self._most.get(lane, 0) + messages

    def forget(self) -> None:
        """Ask next time: nobody knows what of the last messages has arrived."""
        self._asked_at.clear()

    def _is_known(self, lane: str, few: int, now: float) -> bool:
        asked_at = self._asked_at.get(lane)
        is_fresh = asked_at is not None and now - asked_at < FRESH_SECONDS
        return is_fresh and self._most[lane] < few
