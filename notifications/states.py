"""The states of all that is on its way here, and which of them are final.

A delivery only moves forward: pending, rendered, sending, and then one of the final states. Three
moves out of a final state exist, and all are facts rather than steps back: an attempt that was
under way when the delivery was cancelled or expired may still succeed, an operator may replay
a failed delivery, and a provider may report later what became of a message (``RANK``).

A notification ends once its deliveries have. It is in progress again if it was sent, everything came
back, and its ladder has steps left (``notifications.sending.pipeline.fallback``).
"""

from django.db import models


class DeliveryState(models.TextChoices):
    """How far one delivery has come."""

    PENDING = "pending", "Pending"
    RENDERED = "rendered", "Rendered"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    REJECTED = "rejected", "Rejected"
    BOUNCED = "bounced", "Bounced"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"
    SUPPRESSED = "suppressed", "Suppressed"


class NotificationState(models.TextChoices):
    """How far a notification has come; the end follows from its deliveries."""

    ACCEPTED = "accepted", "Accepted"
    IN_PROGRESS = "in_progress", "In progress"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"
    SUPPRESSED = "suppressed", "Suppressed"
    DIGESTED = "digested", "Digested"


DELIVERY_UNFINISHED = (DeliveryState.PENDING, DeliveryState.RENDERED, DeliveryState.SENDING)
DELIVERY_FINAL = tuple(state for state in DeliveryState if state not in DELIVERY_UNFINISHED)
DELIVERY_UNSUCCESSFUL = (
    DeliveryState.REJECTED,
    DeliveryState.BOUNCED,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.CANCELLED,
    DeliveryState.SUPPRESSED,
)

RANK = {
    DeliveryState.PENDING: 0,
    DeliveryState.RENDERED: 1,
    DeliveryState.SENDING: 2,
    DeliveryState.FAILED: 3,
    DeliveryState.EXPIRED: 3,
    DeliveryState.CANCELLED: 3,
    DeliveryState.SUPPRESSED: 3,
    DeliveryState.SENT: 4,
    DeliveryState.DELIVERED: 5,
    DeliveryState.REJECTED: 6,
    DeliveryState.BOUNCED: 7,
}
"""How much a state says about a message that may have gone out.

A provider's report moves a delivery to a state of a higher rank only, so reports may come in any order
and any number: the end is the same. A bounce outranks a delivery, as mail that a server took may still
come back; what we ourselves gave up (3) yields to a provider that knows better.
"""


def outranked_by(state: DeliveryState) -> list[DeliveryState]:
    """Return the states from which a provider's report moves a delivery to ``state``."""
    return [other for other, rank in RANK.items() if rank < RANK[state]]


NOTIFICATION_UNFINISHED = (NotificationState.ACCEPTED, NotificationState.IN_PROGRESS)
NOTIFICATION_FINAL = tuple(
    state for state in NotificationState if state not in NOTIFICATION_UNFINISHED
)


BODY_WIPED = 1
EXCHANGE_WIPED = 2
"""Bits of ``Notification.wiped``: what was removed by age, or because its receiver was erased."""


class TriggerEventStatus(models.TextChoices):
    """How far the call of a webhook by a scheduled trigger has come."""

    SCHEDULED = "scheduled", "Scheduled"
    LOCKED = "locked", "Locked"
    DELIVERED = "delivered", "Delivered"
    ERROR = "error", "Error"
    DEAD = "dead", "Dead"
    CANCELLED = "cancelled", "Cancelled"


TRIGGER_EVENT_UNFINISHED = (TriggerEventStatus.SCHEDULED, TriggerEventStatus.LOCKED)
TRIGGER_EVENT_FINAL = tuple(
    status for status in TriggerEventStatus if status not in TRIGGER_EVENT_UNFINISHED
)


class BroadcastState(models.TextChoices):
    """How far a broadcast has come."""

    DRAFT = "draft", "Draft"
    SNAPSHOTTING = "snapshotting", "Snapshotting"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"


BROADCAST_FINAL = (BroadcastState.FINISHED, BroadcastState.CANCELLED)


class ChunkState(models.TextChoices):
    """How far a chunk of a broadcast's audience has come."""

    WAITING = "waiting", "Waiting"
    PLANNED = "planned", "Planned"
    HANDED_OVER = "handed_over", "Handed over"
    CANCELLED = "cancelled", "Cancelled"


CHUNK_UNFINISHED = (ChunkState.WAITING, ChunkState.PLANNED)


class DigestState(models.TextChoices):
    """How far a digest's window has come."""

    OPEN = "open", "Open"
    FULL = "full", "Full"
    FAILED = "failed", "Failed"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


DIGEST_UNFINISHED = (DigestState.OPEN, DigestState.FULL, DigestState.FAILED)
"""Those whose items are still to be sent; of a failed one they are when its task is replayed."""
