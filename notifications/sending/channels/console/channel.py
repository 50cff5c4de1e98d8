"""The console channel."""

import sys

from notifications import conf
from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import Outcome, SendResult
from tasks_core import Fixed, clock

MAX_TEXT = 100_000
_OFF = "is for development; BELLRINGER_CONSOLE_CHANNEL=true switches the channel console on"


class ConsoleChannel:
    """Any address; messages go to the worker's standard output, codes as well."""

    kind = "console"
    deliver_task = "notification.deliver.console"
    queue_name = "console"
    retry = Fixed(max_attempts=1, initial=0.0)
    max_runtime = 10.0
    carries_secrets = True

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='console'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Take any text, if the channel is switched on."""
        if not conf.current().console_channel:
            return [_OFF] * len(receivers)
        return [
            Address(to) if isinstance(to, str) and to.strip() else "is no text that says to whom"
            for to in receivers
        ]

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile title and text; HTML stays empty."""
        if html.strip():
            raise InvalidTemplate("html", "the console shows a title (subject) and a text")
        return CompiledText(subject, text, limit=MAX_TEXT)

    def send(self, sendable: Sendable) -> SendResult:
        """Print the message. Not through sys.stdout: Celery turns that into log lines."""
        if not conf.current().console_channel:
            return SendResult(outcome=Outcome.PERMANENT, error=_OFF)
        if sendable.is_late(clock.now()):
            return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
        out = sys.__stdout__ or sys.stdout
        title = f"{sendable.content.subject}\n" if sendable.content.subject else ""
        out.write(f"--- to {sendable.address}\n{title}{sendable.content.text}\n---\n")
        out.flush()
        return SendResult(outcome=Outcome.SUCCESS, request={"to": sendable.address})
