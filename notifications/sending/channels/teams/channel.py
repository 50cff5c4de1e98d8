"""The Teams channel."""

import json
from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.teams.card import card_of
from notifications.sending.destinations.addresses import destination_addresses
from notifications.sending.destinations.loading import Opened, open_destination
from notifications.sending.destinations.web_address import checked_url
from notifications.sending.outgoing.fetch import Response
from notifications.sending.providers.answer import described, outcome_of_status, retry_after
from notifications.sending.providers.exchange import ask, clean
from tasks_core import Exponential

MAX_TEXT = 20_000
"""A message of Teams holds 28 kB, card and all."""
_GONE_STATUS = 410


class TeamsChannel:
    """Destinations, each the URL of a workflow that posts to a chat or channel."""

    kind = "teams"
    deliver_task = "notification.deliver.teams"
    queue_name = "chat"
    retry = Exponential(max_attempts=8, initial=2.0, factor=3.0, cap=1800.0, jitter="full")
    max_runtime = 60.0
    carries_secrets = False

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='teams'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Look the names up."""
        return destination_addresses(self.kind, receivers)

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile title and text; HTML stays empty."""
        if html.strip():
            raise InvalidTemplate("html", "a Teams message has a title (subject) and a text")
        return CompiledText(subject, text, limit=MAX_TEXT)

    def checked_destination(self, secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Check the URL of a workflow."""
        return checked_url(secret)

    async def send(self, sendable: Sendable) -> SendResult:
        """Post the message to its workflow."""
        opened = await open_destination(self.kind, sendable.address)
        if isinstance(opened, SendResult):
            return opened
        kept = {"title": sendable.content.subject, "text": sendable.content.text}
        answer = await ask(
            sendable,
            opened.secret["url"],
            json.dumps(card_of(sendable.content)).encode(),
            {"Content-Type": "application/json"},
            seconds=conf.current().outgoing_total_timeout,
            kept=kept,
        )
        if isinstance(answer, SendResult):
            return answer
        return _read(answer, opened, sendable, kept)


def _read(
    response: Response, opened: Opened, sendable: Sendable, kept: dict[str, str]
) -> SendResult:
    outcome = outcome_of_status(response.status)
    is_gone = response.status == _GONE_STATUS
    said = response.body.decode("utf-8", "replace").strip()
    return SendResult(
        outcome=outcome,
        error="" if outcome is Outcome.SUCCESS else described("Teams", response.status),
        status_code=response.status,
        retry_after=retry_after(response, outcome),
        destination_gone=opened.name if is_gone else "",
        request=clean(sendable, kept),
        response=clean(sendable, {"text": said}),
    )
