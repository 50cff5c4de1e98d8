"""Send the same code again, to the same person, without making it live longer."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from notifications import conf
from notifications.channel_api.channel import Channel
from notifications.channel_api.registry import channel_for, channel_named
from notifications.confidential import open_variables
from notifications.exceptions import InvalidNotification, ResendRefused
from notifications.intake.acceptance import accept
from notifications.intake.validation import Terms, validate
from notifications.locales import checked_locale
from notifications.message import Fallback, Message
from notifications.message_templates.publishing import find_version
from notifications.models import Endpoint, KeptCode, Notification, TemplateVersion
from notifications.rules.addresses import normal_form
from notifications.rules.fallback import Until
from notifications.sending.pipeline.cancel import cancel_all
from notifications.sending.pipeline.settle import settle
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments

AGAIN = "sent again by a newer notification"


@storable_arguments(InvalidNotification, but={"locale"})
def resend(
    notification: Notification | int,
    *,
    to: str | Endpoint | None = None,
    channel: str | None = None,
    locale: str = "",
    requester: str = "",
) -> Notification:
    """Send the code of a notification once more; return the new notification.

    The notification must have been asked for with ``resends``. The new one has the same code and
    expires when the first one does. It counts against the same limits as any other. Fallbacks of the
    first one that have not begun do not begin any more; by the same channel the new one has them anew.

    Args:
        notification: the first one or one of its resends, or its id.
        to: another address, for example of another channel; the first one if not given.
        channel: the channel of ``to``; found from it if not given.
        locale: as for ``notify``; matters for another channel only.
        requester: who asks, as for ``notify``.

    Raises:
        ResendRefused: says why not, and when it can be tried again if that would help.
        LimitExceeded, InvalidNotification: as for ``notify``.
    """
    locale = checked_locale(locale)
    given = notification.pk if isinstance(notification, Notification) else notification
    with transaction.atomic(using=database.alias()):
        kept = _taken(_first(given))
        first = kept.notification
        receiver: str | Endpoint = to or first.endpoint or first.address
        kind = _channel(first, to, channel)
        version = _version(first, kind, locale)
        message = Message(
            to=receiver,
            context=first.context,
            secret_context=open_variables(kept.sealed),
            expires_at=first.expires_at,
            supersede_key=first.supersede_key or None,
            correlation_id=first.correlation_id or None,
            requester=requester,
            fallback=_fallback(first) if to is None and kind.kind == first.channel else (),
        )
        terms = Terms(
            version=version,
            channel=kind,
            category=first.category,
            critical=first.critical,
            run_after=kept.last_sent_at,
            now=kept.last_sent_at,
        )
        [again] = validate([message], terms)
        again.row.resend_of = first
        _end_unsent(first, again.row)
        return accept([again])[0]


def _first(given: int) -> int:
    found = Notification.objects.filter(pk=given).values_list("resend_of", flat=True).first()
    return given if found is None else found


def _taken(first: int) -> KeptCode:
    """Use one of the resends up, so that of two callers at once only one sends."""
    now = clock.now()
    pause = timedelta(seconds=conf.current().otp_resend_interval)
    taken = KeptCode.objects.filter(
        pk=first, resends_left__gt=0, expires_at__gt=now, last_sent_at__lte=now - pause
    ).update(resends_left=F("resends_left") - 1, last_sent_at=now)
    kept = KeptCode.objects.select_related("notification__endpoint").filter(pk=first).first()
    if kept is None or kept.expires_at <= now:
        raise ResendRefused(
            "no code is kept: it expired, was used or superseded, or resends were not asked for"
        )
    if not taken and not kept.resends_left:
        raise ResendRefused("the code was sent again as often as was asked for; make a new one")
    if not taken:
        again_at = kept.last_sent_at + pause
        raise ResendRefused(f"it was sent just now; try again at {again_at:%H:%M:%S} UTC", again_at)
    return kept


def _channel(first: Notification, to: str | Endpoint | None, channel: str | None) -> Channel:
    if channel:
        return channel_named(channel)
    return channel_for(to) if to is not None else channel_named(first.channel)


def _version(first: Notification, kind: Channel, locale: str) -> TemplateVersion:
    """The same version on the same channel; on another one the template of the same name."""
    if kind.kind == first.channel:
        return first.template_version
    template = first.template_version.template
    return find_version(template.name, kind.kind, locale or template.locale)


def _end_unsent(first: Notification, again: Notification) -> None:
    """What waits for another try at the same address is replaced by the new message."""
    family = Notification.objects.filter(pk=first.pk) | Notification.objects.filter(resend_of=first)
    places = family.filter(channel=again.channel).values_list("pk", "address")
    wanted = normal_form(again.channel, again.address)
    same = [pk for pk, address in places if normal_form(again.channel, address) == wanted]
    cancel_all(Notification.objects.filter(pk__in=same), AGAIN)
    # The new message has the ladder from its beginning, or goes where the receiver wants it.
    waiting = family.filter(has_fallback=True)
    settle(waiting.values_list("pk", flat=True), no_fallback=AGAIN)


def _fallback(first: Notification) -> list[Fallback]:
    """Return the steps of the first message, to the same places."""
    return [
        Fallback(
            channel=step.channel,
            to=step.endpoint or step.address,
            after=step.after,
            until="delivered" if step.until == Until.DELIVERED else "sent",
        )
        for step in first.ladder_steps.select_related("endpoint").order_by("position")
    ]
