"""The pinned versions of templates, compiled."""

from functools import lru_cache

from notifications.channel_api.channel import CompiledTemplate
from notifications.channel_api.registry import channel_named
from notifications.models import TemplateVersion


@lru_cache(maxsize=512)
def compiled_version(version_id: int) -> CompiledTemplate:
    """Return a published version, compiled. Versions never change, so it is compiled once."""
    version = TemplateVersion.objects.select_related("template").get(pk=version_id)
    channel = channel_named(version.template.channel)
    return channel.compile(version.subject, version.text, version.html)
