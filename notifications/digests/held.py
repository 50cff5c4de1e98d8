"""What quiet hours have held for one recipient: told in one message when they end.

Messages wait as they are, so that each can still be cancelled, superseded or expire. The first that is
released takes the others along. The rows' locks make two that are released at once take turns, and the
second finds nothing left.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence

from django.db.models import Q

from notifications.channel_api.registry import channel_named
from notifications.digests.adding import MOST_ITEMS
from notifications.digests.items import Item, items_of
from notifications.exceptions import InvalidNotification
from notifications.intake.acceptance import accept
from notifications.intake.validation import Terms, validate
from notifications.message import Message
from notifications.message_templates.publishing import find_version
from notifications.models import Digest, Notification
from notifications.people.screening.screen import screen_notifications
from notifications.states import DigestState, NotificationState
from tasks_core import clock
from tasks_core.database.bounded_locks import bounded_locks

logger = logging.getLogger(__name__)

KEY = "quiet hours"


def collect(released: Mapping[int, str]) -> None:
    """Make one message of what is held for the recipients of these notifications.

    What is alone, and what a digest cannot be made of, stays accepted and is sent by itself.

    Args:
        released: notifications that may be sent now, and the template that tells of them.
    """
    told: set[int] = set()
    for notification_id, template in released.items():
        if notification_id in told:
            continue
        try:
            with bounded_locks():
                told.update(_collect(notification_id, template))
        except InvalidNotification as error:
            logger.warning(
                "what quiet hours held is sent one by one",
                extra={"digest_template": template, "problem": str(error)},
            )


def _collect(notification_id: int, template: str) -> list[int]:
    """Tell what is held together with a notification; return what was told."""
    first = Notification.objects.filter(
        pk=notification_id, state=NotificationState.ACCEPTED
    ).first()
    held = _held_with(first) if first else []
    if first is None or first not in held:
        return []  # another one has taken it along
    items = items_of(held)
    if len(items) < 2:
        return []
    _tell(first, items, template)
    return [item.notification_id for item in items]


def _held_with(first: Notification) -> list[Notification]:
    """Lock what waits for the same recipient, by the same channel and of the same category."""
    alike = Notification.objects.filter(
        recipient=first.recipient_id,
        channel=first.channel,
        category=first.category,
        state=NotificationState.ACCEPTED,
        held_until__isnull=False,
        is_secret=False,
        critical=False,
        has_fallback=False,
        digest__isnull=True,  # what a digest has told is not told by another
    )
    ids = list(alike.order_by("pk").values_list("pk", flat=True)[:MOST_ITEMS])
    if len(ids) < 2:
        return []
    verdicts = screen_notifications(ids).verdicts
    free = [pk for pk in ids if pk not in verdicts]
    fresh = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    locked = Notification.objects.select_for_update(of=("self",)).filter(
        fresh, pk__in=free, state=NotificationState.ACCEPTED
    )
    return list(locked.select_related("template_version__template", "recipient").order_by("pk"))


def _tell(first: Notification, items: Sequence[Item], template: str) -> None:
    now = clock.now()
    digest = Digest.objects.create(
        template=template,
        channel=first.channel,
        address=first.address,
        category=first.category,
        key=KEY,
        identity=uuid.uuid4(),  # nothing joins it
        state=DigestState.CLOSED,
        items_count=len(items),
        opened_at=min(item.created_at for item in items),
        closes_at=now,
        closed_at=now,
    )
    notification = _accepted(first, items, template, digest.pk)
    Digest.objects.filter(pk=digest.pk).update(notification=notification)
    Notification.objects.filter(
        pk__in=[item.notification_id for item in items], state=NotificationState.ACCEPTED
    ).update(
        state=NotificationState.DIGESTED,
        reason=f"told in notification {notification.pk}, after the quiet hours",
        finished_at=now,
    )


def _accepted(
    first: Notification, items: Sequence[Item], template: str, digest_id: int
) -> Notification:
    assert first.recipient is not None  # nobody else has quiet hours
    now = clock.now()
    ends = [item.expires_at for item in items if item.expires_at is not None]
    message = Message(
        to=first.recipient,
        context={"items": [item.content for item in items], "count": len(items)},
        expires_at=max(ends) if len(ends) == len(items) else None,
        idempotency_key=f"digest-{digest_id}",
        correlation_id=f"digest-{digest_id}",
    )
    terms = Terms(
        version=find_version(template, first.channel, first.recipient.locale),
        channel=channel_named(first.channel),
        category=first.category,
        critical=False,
        run_after=now,
        now=now,
    )
    [notification] = accept(validate([message], terms))
    return notification
