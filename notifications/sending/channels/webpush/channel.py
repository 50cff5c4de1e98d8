"""The web push channel."""

from collections.abc import Mapping
from typing import Any

from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rules.outcome import SendResult
from notifications.sending.channels.webpush.carrier import VapidSender
from notifications.sending.channels.webpush.subscription import checked_subscription
from notifications.sending.channels.webpush.template import CompiledPush
from notifications.sending.destinations.addresses import destination_addresses
from notifications.sending.providers.failover import send_through
from tasks_core import Exponential


class WebPushChannel:
    """Destinations, each a browser's subscription."""

    kind = "webpush"
    deliver_task = "notification.deliver.webpush"
    queue_name = "push"
    retry = Exponential(max_attempts=6, initial=2.0, factor=3.0, cap=900.0, jitter="full")
    max_runtime = 60.0
    carries_secrets = True
    carriers = (VapidSender(),)

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='webpush'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Look the names up."""
        return destination_addresses(self.kind, receivers)

    def compile(self, subject: str, text: str, html: str) -> CompiledPush:
        """Compile title and text; HTML stays empty."""
        if html.strip():
            raise InvalidTemplate("html", "a push message has a title (subject) and a text")
        return CompiledPush(subject, text)

    def checked_destination(self, secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Check a browser's subscription."""
        return checked_subscription(secret)

    async def send(self, sendable: Sendable) -> SendResult:
        """Push the message."""
        return await send_through(self.kind, self.carriers, sendable)
