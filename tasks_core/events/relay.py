"""Tell the workers which subscribers have something to get. A hint: who comes reads the cursor."""

import time
from collections.abc import Iterable
from datetime import datetime

from tasks_core import clock
from tasks_core.broker.publish import publish_names, waiting_messages
from tasks_core.events.cursor import create, existing, worth_a_look
from tasks_core.events.restored import mend_if_restored
from tasks_core.events.subscription import Subscription, subscriptions
from tasks_core.lanes import lane_name
from tasks_core.priority import Priority

CELERY_TASK = "tasks_core.deliver_events"

REPEAT_SECONDS = 10.0
"""After so long a hint that nobody has followed is taken for lost."""

LOOK_AT_NUMBERS_SECONDS = 60.0
"""How often it looks whether the database under it is a restored one: that may happen while it runs."""

LOOK_AT_CURSORS_SECONDS = 60.0
"""How often it looks whether every subscriber has its cursor still: somebody may have removed the row."""

ENOUGH_MESSAGES = 50
"""While so many messages wait in a lane, another one would only wait with them."""


class Relay:
    """Looks at the cursors again and again; any number of relays may run at once."""

    def __init__(self) -> None:
        self._created: set[str] = set()
        self._created_until = 0.0
        self._hinted: dict[str, tuple[datetime | None, datetime]] = {}
        self._numbers_fit_until = 0.0

    def relay(self) -> int:
        """Send a hint for each subscriber that may have something to get; return how many.

        Raises:
            BrokerUnavailable: the next call sends them.
        """
        return self.hint(self.look()) if subscriptions() else 0

    def look(self, others: Iterable[str] = ()) -> dict[str, datetime | None]:
        """Return who may have something to get, and when each was last claimed, in one query.

        ``others`` are cursors that are looked at as well, though no registered subscriber has them.
        """
        known = subscriptions()
        self._mend()
        self._create(known)
        return worth_a_look(sorted({*known, *others}))

    def hint(self, found: dict[str, datetime | None]) -> int:
        """Send a hint for each registered subscriber in ``found``; return how many.

        Raises:
            BrokerUnavailable: the next call sends them.
        """
        now, known = clock.now(), subscriptions()
        wanted = {
            name: claimed_at
            for name, claimed_at in found.items()
            if name in known and not self._is_on_its_way(name, claimed_at, now)
        }
        return self._hint([known[name] for name in wanted], wanted, now)

    def _mend(self) -> None:
        if time.monotonic() >= self._numbers_fit_until:
            mend_if_restored()
            self._numbers_fit_until = time.monotonic() + LOOK_AT_NUMBERS_SECONDS

    def _create(self, known: dict[str, Subscription]) -> None:
        now = time.monotonic()
        if now >= self._created_until:
            self._created = existing(sorted(known))
            self._created_until = now + LOOK_AT_CURSORS_SECONDS
        for name in known.keys() - self._created:
            create(name, from_beginning=known[name].start == "beginning", now=clock.now())
            self._created.add(name)

    def _is_on_its_way(self, name: str, claimed_at: datetime | None, now: datetime) -> bool:
        known_claim, sent_at = self._hinted.get(name, (None, None))
        if sent_at is None or claimed_at != known_claim:
            return False
        return (now - sent_at).total_seconds() < REPEAT_SECONDS

    def _hint(
        self, wanted: list[Subscription], claimed: dict[str, datetime | None], now: datetime
    ) -> int:
        if not wanted:
            return 0
        lanes = sorted({lane_of(subscription) for subscription in wanted})
        waiting = waiting_messages(lanes)
        sent = [s for s in wanted if waiting[lane_of(s)] < ENOUGH_MESSAGES]
        for subscription in sent:
            name = subscription.name
            publish_names(lane_of(subscription), CELERY_TASK, [name])
            self._hinted[name] = claimed[name], now
        return len(sent)


def lane_of(subscription: Subscription) -> str:
    """Return the broker queue that carries its hints."""
    return lane_name(subscription.queue_name, Priority.NORMAL)
