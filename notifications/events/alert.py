"""Tell people of events such as dead letters, and not too often."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from notifications.api import notify
from notifications.events.facts import facts_of
from notifications.keys.address_hash import address_hash
from notifications.models import AlertLimit, Notification
from tasks_core import clock
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.events import Event

CATEGORY = "alert"


class AlertHandler:
    """Sends a notification about an event, at most one in a while for each kind and task type.

    It tells of the first event, and how many more there have been since the alert before. An event that comes
    again is not told twice. Subscribe it with ``atomic=True``, and the count is exact whatever crashes.
    """

    def __init__(
        self,
        subscriber: str,
        *,
        to: Sequence[str],
        template: str = "task-alert",
        every: timedelta = timedelta(minutes=10),
    ) -> None:
        """Say whom to tell, and how.

        Args:
            subscriber: name of the subscription.
            to: mail addresses, and URLs of registered endpoints.
            template: published for the channels of all of them. Its variables are kind, task_type, task_id,
                attempt, at, reason (empty if there is none) and more (a number).
            every: the shortest time between two alerts about one kind and task type.

        Raises:
            ValueError: names the argument and what would be right.
        """
        if isinstance(to, str) or not to:
            raise ValueError("to must be a list of mail addresses or endpoints' URLs, not empty")
        if every <= timedelta(0):
            raise ValueError(f"every must be a positive timedelta, not {every!r}")
        self._subscriber = subscriber
        self._to = tuple(to)
        self._template = template
        self._every = every

    def __call__(self, events: Sequence[Event]) -> None:
        """Tell of them, or count them.

        Raises:
            InvalidNotification: the template or an address is wrong; nothing was sent.
        """
        groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            groups[event.kind, event.task_type].append(event)
        with bounded_locks():
            for group in groups.values():
                self._tell(group, clock.now())

    def _tell(self, group: Sequence[Event], now: datetime) -> None:
        limit = self._limit(group[0])
        mine = AlertLimit.objects.filter(pk=limit.pk)
        is_too_soon = limit.alerted_at is not None and now - limit.alerted_at < self._every
        if is_too_soon or not self._send(group[0], limit.kept_back + len(group) - 1):
            mine.update(kept_back=limit.kept_back + len(group))
        else:
            mine.update(alerted_at=now, kept_back=0)

    def _limit(self, event: Event) -> AlertLimit:
        """Return the row of the event's kind and type, locked."""
        place = {
            "subscriber": self._subscriber,
            "kind": event.kind,
            "task_type": event.task_type,
        }
        AlertLimit.objects.bulk_create([AlertLimit(**place)], ignore_conflicts=True)
        return AlertLimit.objects.select_for_update().get(**place)

    def _send(self, event: Event, more: int) -> bool:
        """Tell everybody; False if they were told of this event before."""
        keys = {to: self._key(event, to) for to in self._to}
        if Notification.objects.filter(idempotency_key__in=keys.values()).exists():
            return False
        for to, key in keys.items():
            notify(
                self._template,
                to=to,
                context={**facts_of(event), "more": more},
                category=CATEGORY,
                critical=True,
                idempotency_key=key,
            )
        return True

    def _key(self, event: Event, to: str) -> str:
        # Keyed, because it is made from the address, and stays when that is erased.
        digest = address_hash("", f"{self._subscriber}:{to}")[:24]
        return f"alert-{event.id}-{digest}"
