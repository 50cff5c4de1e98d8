"""The Telegram channel."""

import re

from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import SendResult
from notifications.sending.channels.telegram.bot import TelegramBot
from notifications.sending.providers.failover import send_through
from tasks_core import Exponential

_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,63}")
MAX_TEXT = 4096


class TelegramChannel:
    """Chats: the number of a person or group, or the @name of a public channel."""

    kind = "telegram"
    deliver_task = "notification.deliver.telegram"
    queue_name = "chat"
    retry = Exponential(max_attempts=8, initial=2.0, factor=3.0, cap=1800.0, jitter="full")
    max_runtime = 60.0
    carries_secrets = True
    carriers = (TelegramBot(),)

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='telegram'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check the form of each chat."""
        return [_address(receiver) for receiver in receivers]

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile the text; subject and HTML stay empty."""
        for part, source in (("subject", subject), ("html", html)):
            if source.strip():
                raise InvalidTemplate(part, "a Telegram message has only a text")
        return CompiledText("", text, limit=MAX_TEXT)

    async def send(self, sendable: Sendable) -> SendResult:
        """Send by the first bot that can."""
        return await send_through(self.kind, self.carriers, sendable)


def _address(receiver: str | Endpoint) -> Address | str:
    if not isinstance(receiver, str) or not _CHAT.fullmatch(receiver):
        return "is not a chat; give its number, such as 123456789, or the @name of a channel"
    return Address(receiver)
