"""Store a report once, and do what follows from it."""

from django.db import IntegrityError, transaction

from notifications.keys.address_hash import address_hash
from notifications.models import Delivery, ProviderEvent
from notifications.provider_events.cleaning import cleaned
from notifications.provider_events.consequences import follow_address, follow_delivery
from notifications.provider_events.report import Report
from notifications.rules.reply_codes import codes_of
from tasks_core import clock, database

OUR_ID = 32
MAX_REASON = 200
_HEXADECIMAL = frozenset("0123456789abcdef")


def record_report(report: Report) -> bool:
    """Record a report and follow it; False if it is known already, and nothing was done.

    The delivery moves forward only, whatever order reports come in. One whose delivery is not known yet
    is kept, and followed when it is (``notifications.provider_events.late``). A report is never refused for
    its words: they are cut and cleaned.
    """
    report = cleaned(report, clock.now())
    with transaction.atomic(using=database.alias()):
        delivery = find_delivery(report.channel, report.message_id)
        event = _store(report, delivery)
        if event is None:
            return False
        if delivery is not None:
            follow_delivery(event, delivery)
        follow_address(event, report.address, delivery)
    return True


def find_delivery(channel: str, message_id: str) -> Delivery | None:
    """Find the delivery that a report is about, by our id of the message or by the provider's.

    It must be one of the report's channel: a source speaks of nothing else, though ids be known to it.
    """
    if not message_id:
        return None
    ours = message_id.strip("<>").partition("@")[0].removeprefix("msg_").lower()
    if len(ours) == OUR_ID and _HEXADECIMAL.issuperset(ours):
        found = (
            Delivery.objects.filter(message_id=ours, channel=channel)
            .select_related("notification")
            .first()
        )
        if found is not None:
            return found
    by_provider = Delivery.objects.filter(provider_message_id=message_id, channel=channel)
    return by_provider.select_related("notification").order_by("-pk").first()


def kept_reason(reason: str, delivery: Delivery | None) -> str:
    """Return the words of a report as they may be kept: those about a secret message may quote it.

    As long as nobody knows what they are about, they may be about one.
    """
    may_quote = delivery is None or delivery.notification.is_secret
    return (codes_of(reason) if may_quote else reason)[:MAX_REASON]


def _store(report: Report, delivery: Delivery | None) -> ProviderEvent | None:
    now = clock.now()
    address = report.address or (delivery.address if delivery else "")
    event = ProviderEvent(
        source=report.source,
        event_id=report.event_id,
        kind=report.kind.value,
        bounce=report.bounce.value if report.bounce else "",
        reason=kept_reason(report.reason, delivery),
        channel=report.channel,
        address_hash=address_hash(report.channel, address) if address else "",
        message_id=report.message_id,
        delivery=delivery,
        occurred_at=report.occurred_at,
        received_at=now,
    )
    try:
        with transaction.atomic(using=database.alias()):
            event.save(force_insert=True)
    except IntegrityError:
        return None
    return event
