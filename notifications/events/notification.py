"""Send a notification for each event, once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from notifications.api import notify
from notifications.events.facts import facts_of
from notifications.keys.address_hash import address_hash
from notifications.models import Notification
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.events import Event

Receivers = Iterable[str]


class NotificationHandler:
    """Sends one notification for each event to each receiver, however often the event comes.

    What identifies it is the name of the subscription, the event and the receiver. ``AlertHandler`` is for
    operators, who do not want one for each event.
    """

    def __init__(
        self,
        subscriber: str,
        template: str,
        *,
        to: Receivers | Callable[[Event], Receivers],
        context: Callable[[Event], Mapping[str, Any]] = facts_of,
        channel: str | None = None,
        category: str = "",
    ) -> None:
        """Say what to send, and to whom.

        Args:
            subscriber: name of the subscription.
            template: name of a published template.
            to: addresses or keys of recipients, as ``notify`` takes them; or a function that gives those for
                an event, none if nobody is to be told.
            context: gives the template's variables for an event. Without it they are kind, task_type,
                task_id, attempt, at and reason (empty if there is none).
            channel: as for ``notify``.
            category: as for ``notify``.

        Raises:
            ValueError: names the argument and what would be right.
        """
        if isinstance(to, str):
            raise ValueError("to must be a list of receivers, or a function, and not a text")
        if not callable(to) and not (to := tuple(to)):
            raise ValueError("to is empty: nobody would be told")
        if not callable(context):
            raise ValueError("context must be a function that takes an event and gives variables")
        self._subscriber = subscriber
        self._template = template
        self._to = to
        self._context = context
        self._channel = channel
        self._category = category

    def __call__(self, events: Sequence[Event]) -> None:
        """Send what was not sent for these events before; all of it, or nothing.

        Raises:
            InvalidNotification, LimitExceeded: one cannot be sent, so the batch comes again later.
        """
        with bounded_locks():
            for event in events:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        keys = {self._key(event, to): to for to in self._receivers(event)}
        known = Notification.objects.filter(idempotency_key__in=keys)
        told = set(known.values_list("idempotency_key", flat=True))
        new = {key: to for key, to in keys.items() if key not in told}
        context = self._context(event) if new else {}
        for key, to in new.items():
            notify(
                self._template,
                to=to,
                context=context,
                channel=self._channel,
                category=self._category,
                idempotency_key=key,
            )

    def _receivers(self, event: Event) -> Receivers:
        found = self._to(event) if callable(self._to) else self._to
        if isinstance(found, str):
            raise TypeError("to must give a list of receivers for an event, and not a text")
        return found

    def _key(self, event: Event, to: str) -> str:
        # Keyed, because it is made from the address, and stays when that is erased.
        digest = address_hash("", f"{self._subscriber}:{to}")[:24]
        return f"event-{event.id}-{digest}"
