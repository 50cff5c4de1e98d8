"""Which steps of a notification can be run again; asked before a dead letter is replayed.

The pipeline asks once more when the replay's turn comes, as a message may expire meanwhile.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from notifications.models import CronTrigger, Delivery, Digest, Notification, TriggerEvent
from notifications.states import BODY_WIPED, NOTIFICATION_FINAL, DeliveryState, NotificationState
from notifications.task_payloads import (
    ChunkStep,
    DeliveryStep,
    DigestStep,
    EventStep,
    LadderLook,
    NotificationStep,
    TickStep,
)
from tasks_core import clock

SEND_ANEW = "discard the dead letter and, if it is still wanted, send a new notification"


def refuses_delivery(payload: DeliveryStep) -> str:
    """Return why a delivery would not be sent by another run of its task; empty if it may be."""
    delivery = _delivery(payload.delivery)
    if delivery is None:
        return _gone(payload.delivery)
    return refusal_of(delivery)


def refusal_of(delivery: Delivery) -> str:
    """Return why a delivery that has failed cannot be sent again; empty if it can, or has not failed.

    Args:
        delivery: with its notification.
    """
    if delivery.state != DeliveryState.FAILED:
        return ""
    problem = _problem(delivery.notification, clock.now())
    return f"delivery {delivery.pk} cannot be sent again: {problem}; {SEND_ANEW}" if problem else ""


def refuses_rendering(payload: DeliveryStep) -> str:
    """Return why a message that could not be written is not written by another run; empty if it is."""
    delivery = _delivery(payload.delivery)
    if delivery is None:
        return _gone(payload.delivery)
    if delivery.state != DeliveryState.FAILED:
        return ""
    return (
        f"delivery {delivery.pk} has failed because its message could not be written; "
        f"put the template right, {SEND_ANEW}"
    )


def refuses_beginning(payload: NotificationStep) -> str:
    """Return why a notification would not be begun by another run; empty if it would."""
    notification = (
        Notification.objects.filter(pk=payload.notification).only("pk", "state", "reason").first()
    )
    if notification is None:
        return f"notification {payload.notification} is gone; {SEND_ANEW}"
    if notification.state not in NOTIFICATION_FINAL:
        return ""
    return (
        f"notification {notification.pk} is {notification.state} and does not begin again; "
        f"{SEND_ANEW}"
    )


def refuses_closing(payload: DigestStep) -> str:
    """Return why a window would not be closed by another run; empty if it would, or is closed already."""
    return _refusal_if_gone("digest", Digest.objects.filter(pk=payload.digest), payload.digest)


def refuses_handing_over(payload: ChunkStep) -> str:
    """Return why a chunk is not handed over by another run: it was planned for one task only."""
    return (
        f"chunk {payload.chunk} of a broadcast is planned anew when its broadcast is resumed; "
        "discard the dead letter and resume the broadcast"
    )


def refuses_looking(payload: LadderLook) -> str:
    """Return why looking at a ladder comes to nothing; empty otherwise: it may be done at any time."""
    found = Notification.objects.filter(pk=payload.notification)
    return _refusal_if_gone("notification", found, payload.notification)


def refuses_redelivery(payload: EventStep) -> str:
    """Return why an event would not be redelivered by another run; empty if it would."""
    found = TriggerEvent.objects.filter(pk=payload.event)
    return _refusal_if_gone("event", found, payload.event)


def refuses_tick(payload: TickStep) -> str:
    """Return why a tick would not be written by another run; empty if it would."""
    found = CronTrigger.objects.filter(pk=payload.trigger)
    return _refusal_if_gone("cron trigger", found, payload.trigger)


def _refusal_if_gone(what: str, rows: QuerySet[Any], pk: int) -> str:
    return "" if rows.exists() else f"{what} {pk} is gone; discard the dead letter"


def _delivery(delivery_id: int) -> Delivery | None:
    return (
        Delivery.objects.filter(pk=delivery_id)
        .select_related("notification")
        .only(
            "state",
            "notification__state",
            "notification__is_secret",
            "notification__wiped",
            "notification__expires_at",
        )
        .first()
    )


def _gone(delivery_id: int) -> str:
    return f"delivery {delivery_id} is gone; {SEND_ANEW}"


def _problem(notification: Notification, now: datetime) -> str:
    if notification.state not in (NotificationState.IN_PROGRESS, NotificationState.FAILED):
        return f"its notification is {notification.state} already"
    if notification.is_secret:
        return "its secret values were wiped when it failed"
    if notification.wiped & BODY_WIPED:
        return "its content was removed since it failed"
    if notification.expires_at is not None and notification.expires_at <= now:
        return f"it expired at {notification.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return ""
