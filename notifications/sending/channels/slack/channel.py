"""The Slack channel."""

import re
from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import SendResult
from notifications.sending.channels.slack.bot import SlackBot
from notifications.sending.channels.slack.webhook import post_to
from notifications.sending.destinations.addresses import destination_addresses
from notifications.sending.destinations.loading import open_destination
from notifications.sending.destinations.web_address import checked_url
from notifications.sending.providers.failover import send_through
from tasks_core import Exponential

_CONVERSATION = re.compile(r"#[\w.-]{1,80}|[CDGU][A-Z0-9]{8,20}")
MAX_TEXT = 39_000


class SlackChannel:
    """Channels and people (``#alerts``, ``C0123456789``) by a bot; names of incoming webhooks."""

    kind = "slack"
    deliver_task = "notification.deliver.slack"
    queue_name = "chat"
    retry = Exponential(max_attempts=8, initial=2.0, factor=3.0, cap=1800.0, jitter="full")
    max_runtime = 60.0
    carries_secrets = False
    carriers = (SlackBot(),)

    def recognises(self, to: str | Endpoint) -> bool:
        """A text that begins with a hash."""
        return isinstance(to, str) and to.startswith("#")

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check the form of each conversation; look the other names up."""
        named = destination_addresses(self.kind, receivers)
        return [
            Address(str(to)) if _is_conversation(to) else found
            for to, found in zip(receivers, named, strict=True)
        ]

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile the text; subject and HTML stay empty."""
        for part, source in (("subject", subject), ("html", html)):
            if source.strip():
                raise InvalidTemplate(part, "a Slack message has only a text")
        return CompiledText("", text, limit=MAX_TEXT)

    def checked_destination(self, secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Check the URL of an incoming webhook."""
        return checked_url(secret)

    async def send(self, sendable: Sendable) -> SendResult:
        """Post by the bot, or to the incoming webhook of that name."""
        if _is_conversation(sendable.address):
            return await send_through(self.kind, self.carriers, sendable)
        opened = await open_destination(self.kind, sendable.address)
        if isinstance(opened, SendResult):
            return opened
        return await post_to(opened, sendable, conf.current().outgoing_total_timeout)


def _is_conversation(to: str | Endpoint) -> bool:
    return isinstance(to, str) and bool(_CONVERSATION.fullmatch(to))
