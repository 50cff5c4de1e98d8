"""Try a template out: send it with its sample variables to an address of one's own."""

from notifications.channel_api.registry import channel_for, channel_named
from notifications.exceptions import InvalidNotification
from notifications.intake.acceptance import accept
from notifications.intake.validation import Terms, validate
from notifications.message import Message
from notifications.message_templates.publishing import find_version
from notifications.models import Endpoint, Notification, TemplateVersion
from tasks_core import clock
from tasks_core.arguments import storable_arguments

CATEGORY = "test"


@storable_arguments(InvalidNotification, but={"locale"})
def send_test(
    template: str | TemplateVersion,
    *,
    to: str | Endpoint,
    channel: str | None = None,
    locale: str = "",
) -> Notification:
    """Send a template with its sample variables; the notification is marked as a test.

    It goes the whole way, with the real provider. It is in category ``test``, whatever the template is for,
    so it counts against no limit of codes; an SMS costs what it costs, and counts.

    Args:
        template: name of a published template, or one of its versions.
        to: as for ``notify``.
        channel: as for ``notify``; of a version its own.
        locale: as for ``notify``.

    Raises:
        InvalidNotification: names what is wrong; for example the template has no sample.
        LimitExceeded: no more SMS may be sent to that country now, or no more may be spent.
    """
    if isinstance(template, TemplateVersion):
        version, kind = template, channel_named(template.template.channel)
    else:
        kind = channel_named(channel) if channel else channel_for(to)
        version = find_version(template, kind.kind, locale)
    now = clock.now()
    terms = Terms(
        version=version,
        channel=kind,
        category=CATEGORY,
        critical=False,
        run_after=now,
        now=now,
        is_test=True,
    )
    return accept(validate([Message(to=to, context=version.sample)], terms))[0]
