"""Events that came before their message's id was on record, and events that are old."""

from collections.abc import Sequence
from datetime import timedelta

from notifications import conf
from notifications.keys.address_hash import address_hash
from notifications.models import ProviderEvent
from notifications.provider_events.consequences import follow_address, follow_delivery
from notifications.provider_events.record import find_delivery
from notifications.removal import delete_some
from tasks_core import clock
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.sql.calendar import readable

LIMIT = 500
ROUNDS = 10
"""So many batches of which none can be followed are stepped past at once."""

PATIENCE = timedelta(hours=1)
"""How long an event may be ahead of its message; longer, and it is about none of ours."""

_failing = RowBackoff(
    "provider event {} cannot be followed", "Mend what raises, or delete the event."
)

_CANDIDATES = f"""
SELECT e.id, e.source, e.event_id, e.channel, e.message_id, e.kind, e.bounce, e.reason, e.address_hash,
       e.occurred_at, {readable("e.received_at")} AS received_at, e.delivery_id
FROM notifications_providerevent e
JOIN notifications_delivery d
  ON d.provider_message_id = e.message_id AND d.provider_message_id <> '' AND d.channel = e.channel
WHERE e.delivery_id IS NULL AND e.message_id <> '' AND e.received_at > %s AND e.id <> ALL(%s::bigint[])
ORDER BY e.id LIMIT %s
FOR UPDATE OF e SKIP LOCKED
"""  # noqa: S608 (all of it stands here)


def follow_late_events() -> int:
    """Follow events whose delivery is known by now; return how many."""
    followed = 0
    for _ in range(ROUNDS):
        with bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            wanted = [clock.now() - PATIENCE, _failing.ids(), LIMIT]
            waiting = list(ProviderEvent.objects.raw(_CANDIDATES, wanted))
            followed = _failing.serve(waiting, _follow_all, key=lambda event: event.pk)
        if followed or len(waiting) < LIMIT:
            break
    return followed


def delete_old_events() -> int:
    """Remove one batch of events that are older than their retention; return how many."""
    days = conf.current().provider_event_retention_days
    if not days:
        return 0
    before = clock.now() - timedelta(days=days)
    return delete_some(ProviderEvent.objects.filter(received_at__lt=before), LIMIT)


def _follow_all(events: Sequence[ProviderEvent]) -> int:
    return sum(_follow(event) for event in events)


def _follow(event: ProviderEvent) -> bool:
    delivery = find_delivery(event.channel, event.message_id)
    if delivery is None:
        return False
    ProviderEvent.objects.filter(pk=event.pk, delivery=None).update(delivery=delivery)
    follow_delivery(event, delivery)
    if not event.address_hash:
        # With an address it was followed at once.
        event.address_hash = address_hash(event.channel, delivery.address)
        ProviderEvent.objects.filter(pk=event.pk).update(address_hash=event.address_hash)
        follow_address(event, delivery.address, delivery)
    return True
