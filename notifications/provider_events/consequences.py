"""What follows from an event: for the delivery, and for the address."""

from django.db.models.functions import Coalesce

from notifications.models import Delivery, ProviderEvent
from notifications.people.suppression.bounces import count_soft_bounce, forget_soft_bounces
from notifications.people.suppression.listing import NewEntry, put
from notifications.rules.provider_events import (
    LEADS_TO,
    PROVES_ADDRESS_WORKS,
    Bounce,
    EventKind,
    is_soft_bounce,
    suppression_for,
)
from notifications.rules.suppressions import Reason
from notifications.sending.pipeline.settle import settle
from notifications.states import DeliveryState, outranked_by
from tasks_core import clock


def follow_delivery(event: ProviderEvent, delivery: Delivery) -> bool:
    """Move the delivery forward, if the event proves more than is known; True if it moved.

    A delivery that nobody has tried to send stays: such an event cannot be about it.
    """
    target = LEADS_TO.get(EventKind(event.kind))
    if target is None:
        return False
    state = DeliveryState(target)
    moved = Delivery.objects.filter(
        pk=delivery.pk, state__in=outranked_by(state), attempts__gt=0
    ).update(
        state=state,
        sent_at=Coalesce("sent_at", event.occurred_at),
        finished_at=Coalesce("finished_at", clock.now()),
        error=_error(event, state),
    )
    if moved:
        settle([delivery.notification_id])
    return bool(moved)


def follow_address(event: ProviderEvent, address: str, delivery: Delivery | None) -> None:
    """Put the address on the suppression list, count a soft bounce, or forget those."""
    if not event.address_hash:
        return
    kind, bounce = EventKind(event.kind), Bounce(event.bounce) if event.bounce else None
    reason = suppression_for(kind, bounce)
    if reason is not None:
        put([_entry(event, address, delivery, reason)])
    elif is_soft_bounce(kind, bounce):
        count_soft_bounce(
            event.channel, event.address_hash, at=event.occurred_at, source=event.source
        )
    elif kind in PROVES_ADDRESS_WORKS:
        forget_soft_bounces(event.channel, event.address_hash)


def _entry(
    event: ProviderEvent, address: str, delivery: Delivery | None, reason: Reason
) -> NewEntry:
    """Stop the address; who unsubscribes does so from what the message was about."""
    is_about = reason is Reason.UNSUBSCRIBE and delivery is not None
    return NewEntry(
        channel=event.channel,
        address=address or (delivery.address if delivery else ""),
        hashed=event.address_hash,
        category=delivery.notification.category if is_about and delivery else "",
        reason=reason,
        source=event.source,
    )


def _error(event: ProviderEvent, state: DeliveryState) -> str:
    if state in (DeliveryState.BOUNCED, DeliveryState.REJECTED):
        said = f": {event.reason}" if event.reason else ""
        return f"{event.source} reports that it {_VERBS[EventKind(event.kind)]}{said}"
    return ""


_VERBS = {
    EventKind.BOUNCED: "bounced",
    EventKind.REJECTED: "was rejected",
    EventKind.FAILED: "failed",
}
