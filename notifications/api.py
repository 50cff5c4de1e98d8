"""What other apps call.

    from datetime import timedelta

    from django.utils import timezone
    from notifications.api import notify

    valid_until = timezone.now() + timedelta(minutes=5)
    notify(
        "one-time-code",
        to="ada@example.com",
        context={"sender": "Example Pay", "valid_until": valid_until.isoformat()},
        secret_context={"code": "314159"},
        expires_at=valid_until,
        category="otp",
        supersede_key="login-17",
    )

Everything joins the caller's transaction: if that rolls back, nothing is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from notifications.broadcasts.control import cancel_broadcast, pause_broadcast, resume_broadcast
from notifications.broadcasts.creation import create_broadcast, fill_broadcast
from notifications.broadcasts.progress import broadcast_progress
from notifications.broadcasts.receiver import Receiver
from notifications.codes.resending import resend
from notifications.codes.using import forget_code
from notifications.conditions import condition
from notifications.digests.adding import add_to_digest
from notifications.intake.acceptance import accept
from notifications.intake.sample_send import send_test
from notifications.intake.validation import Terms, check_terms, validate
from notifications.locales import checked_locale
from notifications.message import Fallback, Message
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.message_templates.publishing import (
    check_template,
    find_version,
    preview,
    publish_template,
)
from notifications.models import Endpoint, Notification, Recipient
from notifications.people.recipients.addressing import choose_channel, recipients_among
from notifications.people.recipients.categories import save_category
from notifications.people.recipients.category_tree import tree_for
from notifications.people.recipients.inheriting import INHERIT
from notifications.people.recipients.preferences import set_preference
from notifications.people.recipients.saving import delete_recipient, get_recipient, save_recipient
from notifications.people.suppression.listing import suppress, suppressions_of, unsuppress
from notifications.privacy.erasure.erase import erase
from notifications.provider_events.sources import register_event_source, rotate_source_secret
from notifications.sending.destinations.registration import register_destination
from notifications.sending.destinations.switching import disable_destination, enable_destination
from notifications.sending.endpoints.registration import disable as disable_endpoint
from notifications.sending.endpoints.registration import enable as enable_endpoint
from notifications.sending.endpoints.registration import register_endpoint, rotate_secret
from notifications.sending.pipeline.cancel import cancel
from notifications.sending.pipeline.channel_tasks import add_channel
from notifications.sending.providers.registration import enable_provider, register_provider
from notifications.sending.standard_webhooks.handed_over import live_secrets
from tasks_core.database import server_clock

__all__ = [
    "INHERIT",
    "Fallback",
    "Message",
    "Receiver",
    "add_channel",
    "add_to_digest",
    "broadcast_progress",
    "cancel",
    "cancel_broadcast",
    "check_template",
    "condition",
    "create_broadcast",
    "delete_recipient",
    "disable_destination",
    "disable_endpoint",
    "enable_destination",
    "enable_endpoint",
    "enable_provider",
    "erase",
    "fill_broadcast",
    "forget_code",
    "get_recipient",
    "live_secrets",
    "notify",
    "notify_many",
    "pause_broadcast",
    "preview",
    "publish_builtin_templates",
    "publish_template",
    "register_destination",
    "register_endpoint",
    "register_event_source",
    "register_provider",
    "resend",
    "resume_broadcast",
    "rotate_secret",
    "rotate_source_secret",
    "save_category",
    "save_recipient",
    "send_test",
    "set_preference",
    "suppress",
    "suppressions_of",
    "unsuppress",
]


def notify(  # noqa: PLR0913  (each is one thing a caller may say)
    template: str,
    *,
    to: str | Endpoint | Recipient,
    channel: str | None = None,
    locale: str = "",
    context: Mapping[str, Any] | None = None,
    secret_context: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    run_after: datetime | None = None,
    category: str = "",
    critical: bool | None = None,
    idempotency_key: str | None = None,
    supersede_key: str | None = None,
    order_key: str | None = None,
    correlation_id: str | None = None,
    condition: str | None = None,
    condition_args: Mapping[str, Any] | None = None,
    requester: str = "",
    resends: int = 0,
    fallback: Sequence[str | Fallback] = (),
) -> Notification:
    """Send a message to one receiver, as soon as the caller's transaction is committed.

    Args:
        template: name of a published template.
        to: a mail address, a phone number, an Endpoint, the URL of a registered endpoint, a Recipient or the
            key of one; or, with ``channel``, what that channel takes (see ``docs/channels.md``). The address
            that a recipient has now is used.
        channel: ``email``, ``webhook``, ``sms`` and so on; found from ``to`` if not given. For a recipient it
            is the first that the category prefers, the recipient has and the template is written for.
        locale: language tag; the template's version for it is used, or for its language, or any. If not
            given, it is the recipient's.
        context: variables of the template, as plain JSON. Operators can see them.
        secret_context: variables that nobody may see, such as a one-time code. They are stored
            encrypted, wiped when the message has ended, and appear in no log, event or page.
        expires_at: aware datetime from which on nothing is sent any more.
        run_after: aware datetime before which nothing is sent.
        category: what kind of message this is. ``otp`` requires ``expires_at`` and
            ``secret_context``, and is critical. A category that is not in the database belongs to no
            other, and is not critical.
        critical: overtakes all other messages, and goes out whatever the receiver's preferences and quiet
            hours are; if not given, as the category says.
        idempotency_key: a second call with the same key and content gives the first notification.
        supersede_key: unsent notifications with the same key are cancelled.
        order_key: for webhooks: messages to one endpoint with the same key are delivered one after
            the other, in the order of ``run_after`` and of acceptance. One that fails holds up those
            behind it until it has ended.
        correlation_id: ties the notification's tasks and log lines together; if not given, the one
            that holds here (see ``tasks_core.correlation``), if any.
        condition: name of a registered predicate (``notifications.api.condition``), which must hold when
            the message is about to be sent.
        condition_args: keyword arguments for it, as plain JSON. Operators can see them.
        requester: who asks for a one-time code, such as an IP address; limits count by it. Only a
            keyed hash is stored.
        resends: how often ``resend`` may send the same code again; it is then kept encrypted until
            ``expires_at``.
        fallback: other channels, one after the other, for when those before do not reach the receiver:
            each a ``Fallback``, or the name of a channel to which to go on when the step before has
            failed for good. At most five. Nothing is sent after ``expires_at`` by any of them.

    Returns:
        the stored notification; its state says how far it has come.

    Raises:
        InvalidNotification: names the argument that is wrong, and what would be right.
        IdempotencyConflict: the key was used before for other content.
        LimitExceeded: names the limit that is used up, and when that ends.
        Nothing is written in either case.
    """
    message = Message(
        to=to,
        context=context or {},
        secret_context=secret_context or {},
        expires_at=expires_at,
        idempotency_key=idempotency_key,
        supersede_key=supersede_key,
        order_key=order_key,
        correlation_id=correlation_id,
        condition=condition,
        condition_args=condition_args or {},
        requester=requester,
        resends=resends,
        fallback=fallback,
    )
    [notification] = notify_many(
        template,
        [message],
        channel=channel,
        locale=locale,
        run_after=run_after,
        category=category,
        critical=critical,
    )
    return notification


def notify_many(
    template: str,
    messages: Iterable[Message],
    *,
    channel: str | None = None,
    locale: str = "",
    run_after: datetime | None = None,
    category: str = "",
    critical: bool | None = None,
) -> list[Notification]:
    """Send one template to many receivers, with few statements however many there are.

    All messages are checked before any is stored; all of them are stored, or none. They leave by
    one channel, found from the first receiver if it is not given.

    Args:
        template: name of a published template.
        messages: receivers with their own variables, deadlines and keys.
        channel: as for ``notify``.
        locale: as for ``notify``.
        run_after: as for ``notify``.
        category: as for ``notify``.
        critical: as for ``notify``.

    Returns:
        a notification for each message, in their order.

    Raises:
        InvalidNotification, IdempotencyConflict, LimitExceeded: as for ``notify``; the field begins with
            ``messages[n].`` when there are several.
    """
    asked = list(messages)
    if not asked:
        return []
    now = server_clock.callers_now()
    begins_at = check_terms(category, run_after, now)
    locale = checked_locale(locale)
    known = recipients_among(message.to for message in asked)
    kind = choose_channel(asked[0].to, known, asked=channel, template=template, category=category)
    terms = Terms(
        run_after=begins_at,
        version=find_version(template, kind.kind, locale),
        channel=kind,
        category=category,
        critical=tree_for([category]).is_critical(category) if critical is None else critical,
        now=now,
        recipients=known,
        locale_given=bool(locale),
        locale=locale,
    )
    return accept(validate(asked, terms))
