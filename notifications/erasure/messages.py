"""The notifications to an address: what is unsent is cancelled, what is kept loses its content."""

from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from notifications.erasure.subject import Subject
from notifications.models import Delivery, DeliveryAttempt, LadderStep, Notification
from notifications.pipeline.cancel import cancel_all
from notifications.states import BODY_WIPED, EXCHANGE_WIPED

CHUNK = 500
REASON = "the recipient was erased"

_NOTIFICATIONS = """
UPDATE notifications_notification
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    context = '{}', secret_context = '', reason = CASE WHEN reason = %(said)s THEN reason ELSE '' END,
    wiped = %(wiped)s,
    idempotency_key = CASE WHEN idempotency_key ~* %(pattern)s THEN %(tombstone)s || '-' || id
                           ELSE idempotency_key END,
    supersede_key = CASE WHEN supersede_key ~* %(pattern)s THEN %(tombstone)s ELSE supersede_key END,
    correlation_id = CASE WHEN correlation_id ~* %(pattern)s THEN %(tombstone)s
                          ELSE correlation_id END
WHERE id = ANY(%(ids)s)
"""

# All deliveries of the notifications lose their texts, which are to the same person.
_DELIVERIES = """
UPDATE notifications_delivery
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    subject = '', text = '', html = '', error = CASE WHEN error = %(said)s THEN error ELSE '' END
WHERE notification_id = ANY(%(ids)s)
"""

_STEPS = """
UPDATE notifications_ladderstep
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    reason = CASE WHEN reason = %(said)s THEN reason ELSE '' END
WHERE notification_id = ANY(%(ids)s)
"""


@transaction.atomic
def erase_messages(subject: Subject, channel: str | None, sparing: int | None) -> Counter[str]:
    """Erase one batch; give how much of what. Call it again while that is not nothing.

    The notification ``sparing`` is left for later.
    """
    ids = _some(subject, channel, sparing)
    if not ids:
        return Counter()
    cancelled = cancel_all(Notification.objects.filter(pk__in=ids), REASON)
    parameters: dict[str, Any] = {
        "ids": ids,
        "address": subject.address,
        "tombstone": subject.tombstone,
        "pattern": subject.in_key,
        "said": REASON,
        "wiped": BODY_WIPED | EXCHANGE_WIPED,
    }
    # In the order of everybody else: deliveries before notifications.
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERIES, parameters)
        deliveries = cursor.rowcount
        attempts = _wipe_attempts(ids)
        cursor.execute(_NOTIFICATIONS, parameters)
        cursor.execute(_STEPS, parameters)
    return Counter(
        notifications=len(ids), cancelled=cancelled, deliveries=deliveries, attempts=attempts
    )


def erase_late_records(subject: Subject) -> int:
    """Erase what attempts recorded that were under way when their delivery was erased."""
    erased = Delivery.objects.to_address(subject.tombstone).order_by().values("pk")
    left = DeliveryAttempt.objects.filter(delivery__in=erased).exclude(
        request={}, response={}, error=""
    )
    return left.update(request={}, response={}, error="")


def _some(subject: Subject, channel: str | None, sparing: int | None) -> list[int]:
    found = Notification.objects.to_address(subject.address)
    sent = Delivery.objects.to_address(subject.address)
    fallbacks = LadderStep.objects.to_address(subject.address)
    if channel:
        found, sent = found.filter(channel=channel), sent.filter(channel=channel)
        fallbacks = fallbacks.filter(channel=channel)
    # Three searches by index; one with OR would read the table.
    ids = set(found.order_by("pk").values_list("pk", flat=True)[: CHUNK + 1])
    ids |= set(sent.order_by("notification").values_list("notification", flat=True)[: CHUNK + 1])
    ids |= set(
        fallbacks.order_by("notification").values_list("notification", flat=True)[: CHUNK + 1]
    )
    return sorted(ids - {sparing})[:CHUNK]


def _wipe_attempts(ids: list[int]) -> int:
    attempts = DeliveryAttempt.objects.filter(delivery__notification__in=ids)
    held = attempts.filter(~Q(request={}) | ~Q(response={}) | ~Q(error=""))
    return held.update(request={}, response={}, error="")
