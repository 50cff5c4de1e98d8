"""What a delivery says: rendered from the pinned version and the notification's variables."""

from functools import lru_cache

from notifications.channels.channel import CompiledTemplate
from notifications.channels.registry import channel_named
from notifications.confidential import open_variables
from notifications.models import Notification, TemplateVersion
from notifications.rendering.compiled import Rendered


def rendered_content(notification: Notification) -> Rendered:
    """Render a notification's message; raises RenderingFailed."""
    variables = {**notification.context, **open_variables(notification.secret_context)}
    return compiled_version(notification.template_version_id).render(variables)


@lru_cache(maxsize=512)
def compiled_version(version_id: int) -> CompiledTemplate:
    """Give a published version, compiled. Versions never change, so it is compiled once."""
    version = TemplateVersion.objects.select_related("template").get(pk=version_id)
    channel = channel_named(version.template.channel)
    return channel.compile(version.subject, version.text, version.html)
