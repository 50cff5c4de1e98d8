"""Begin a step: its delivery, the task that writes the message, and what it counts against."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from notifications.exceptions import LimitExceeded
from notifications.limits.charges import charges_of
from notifications.limits.counters import take
from notifications.models import Delivery, LadderStep, Notification
from notifications.rules.fallback import StepState
from notifications.sending.pipeline.fallback.enqueuing import start_timers
from notifications.sending.pipeline.next_step import Next, Terms, enqueue_next
from notifications.states import DeliveryState
from notifications.task_payloads import RENDER
from tasks_core import database


def begin_step(notification_id: int, position: int, reason: str, now: datetime) -> bool:
    """Begin a waiting step, in the caller's transaction; False if somebody else was quicker.

    If a limit does not allow it, its delivery ends as suppressed and says which limit.
    """
    step = LadderStep.objects.select_related("notification").get(
        notification=notification_id, position=position
    )
    waiting = LadderStep.objects.filter(pk=step.pk).waiting()
    if not waiting.update(state=StepState.BEGUN.value, begun_at=now, reason=reason[:200]):
        return False
    delivery = _delivered(step, now)
    LadderStep.objects.filter(pk=step.pk).update(delivery=delivery)
    start_timers([notification_id], position + 1, now)
    return True


def _delivered(step: LadderStep, now: datetime) -> Delivery:
    try:
        with transaction.atomic(using=database.alias()):
            delivery = _make(step, DeliveryState.PENDING, "", now)
            notification = step.notification
            terms = Terms(
                notification.pk,
                notification.critical,
                notification.expires_at,
                notification.correlation_id,
            )
            enqueue_next([Next(RENDER, delivery.pk, terms)])
            # Last: the rows of the counters stay locked until the transaction ends.
            take(charges_of(_charged(step), now, parts=step.segments))
    except LimitExceeded as error:
        return _make(step, DeliveryState.SUPPRESSED, str(error), now)
    return delivery


def _make(step: LadderStep, state: DeliveryState, error: str, now: datetime) -> Delivery:
    return Delivery.objects.create(
        notification=step.notification,
        channel=step.channel,
        address=step.address,
        endpoint_id=step.endpoint_id,
        template_version_id=step.template_version_id,
        state=state,
        error=error,
        message_id=uuid4().hex,
        created_at=now,
        finished_at=now if error else None,
    )


def _charged(step: LadderStep) -> Notification:
    """Describe the step as a message of its own. Its requester was counted when it was accepted."""
    return Notification(
        category=step.notification.category, channel=step.channel, address=step.address
    )
