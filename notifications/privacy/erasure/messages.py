"""The notifications to an address: what is unsent is cancelled, what is kept loses its content."""

from collections import Counter
from typing import Any

from django.db.models import Q

from notifications.models import (
    Delivery,
    DeliveryAttempt,
    InboxMessage,
    KeptCode,
    LadderStep,
    Notification,
    ProviderEvent,
)
from notifications.privacy.erasure.subject import Subject
from notifications.sending.pipeline.cancel import cancel_all
from notifications.sending.pipeline.settle import lock_deliveries
from notifications.states import BODY_WIPED, EXCHANGE_WIPED
from tasks_core import database

CHUNK = 500
REASON = "the recipient was erased"

_NOTIFICATIONS = """
UPDATE notifications_notification
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    recipient_id = NULL,
    context = '{}', condition_args = '{}', secret_context = '', content_digest = '',
    reason = CASE WHEN reason = %(said)s THEN reason ELSE '' END,
    wiped = %(wiped)s,
    idempotency_key = CASE WHEN idempotency_key ~* %(pattern)s THEN %(tombstone)s || '-' || id
                           ELSE idempotency_key END,
    supersede_key = CASE WHEN supersede_key ~* %(pattern)s THEN %(tombstone)s ELSE supersede_key END,
    order_key = CASE WHEN order_key ~* %(pattern)s THEN %(tombstone)s ELSE order_key END,
    correlation_id = CASE WHEN correlation_id ~* %(pattern)s THEN %(tombstone)s
                          ELSE correlation_id END
WHERE id = ANY(%(ids)s)
"""

# All deliveries of the notifications lose their texts, which are to the same person.
_DELIVERIES = """
UPDATE notifications_delivery
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    subject = '', text = '', html = '',
    provider_message_id = CASE WHEN provider_message_id ~* %(pattern)s THEN ''
                               ELSE provider_message_id END,
    error = CASE WHEN error = %(said)s THEN error ELSE '' END
WHERE notification_id = ANY(%(ids)s)
"""

_STEPS = """
UPDATE notifications_ladderstep
SET address = CASE WHEN lower(address) = lower(%(address)s) THEN %(tombstone)s ELSE address END,
    reason = CASE WHEN reason = %(said)s THEN reason ELSE '' END
WHERE notification_id = ANY(%(ids)s)
"""


@database.in_transaction
def erase_messages(subject: Subject, sparing: int | None) -> Counter[str]:
    """Erase one batch; return how much of what. Call it again while that is not nothing.

    The notification ``sparing`` is left for later.
    """
    ids = _some(subject, sparing)
    if not ids:
        return Counter()
    lock_deliveries(ids)  # also those that have ended
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
    with database.connection().cursor() as cursor:
        cursor.execute(_DELIVERIES, parameters)
        deliveries = cursor.rowcount
        found = Counter(
            notifications=len(ids),
            cancelled=cancelled,
            deliveries=deliveries,
            attempts=_wipe_attempts(ids),
        )
        found += _remove_copies(ids)
        cursor.execute(_NOTIFICATIONS, parameters)
        cursor.execute(_STEPS, parameters)
    return found


def erase_late_records(subject: Subject) -> int:
    """Erase what attempts recorded that were under way when their delivery was erased."""
    erased = Delivery.objects.to_address(subject.tombstone).order_by().values("pk")
    left = DeliveryAttempt.objects.filter(delivery__in=erased).exclude(
        request={}, response={}, error=""
    )
    put = InboxMessage.objects.filter(delivery__in=erased)
    return left.update(request={}, response={}, error="") + put.delete()[0]


def _remove_copies(ids: list[int]) -> Counter[str]:
    """Remove what else holds the content of these notifications, or a hash of their address."""
    reported = ProviderEvent.objects.filter(delivery__notification__in=ids)
    told = reported.exclude(address_hash="", reason="").update(address_hash="", reason="")
    inbox = InboxMessage.objects.filter(delivery__notification__in=ids).delete()[0]
    codes = KeptCode.objects.filter(notification__in=ids).delete()[0]
    counts = {"provider events": told, "inbox messages": inbox, "kept codes": codes}
    return Counter({name: count for name, count in counts.items() if count})


def _some(subject: Subject, sparing: int | None) -> list[int]:
    found = Notification.objects.to_address(subject.address)
    sent = Delivery.objects.to_address(subject.address)
    fallbacks = LadderStep.objects.to_address(subject.address)
    if subject.channel:
        found = found.filter(channel=subject.channel)
        sent = sent.filter(channel=subject.channel)
        fallbacks = fallbacks.filter(channel=subject.channel)
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
