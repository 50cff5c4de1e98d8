"""The Apprise channel."""

from collections.abc import Mapping
from typing import Any

from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidProvider, InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.apprise.process import NoAnswer, run
from notifications.sending.channels.apprise.schemas import checked_schema
from notifications.sending.destinations.addresses import destination_addresses
from notifications.sending.destinations.loading import Opened, hidden_texts, open_all
from notifications.sending.providers.exchange import clean
from notifications.sending.providers.failover import may_repeat
from tasks_core import Exponential, clock, logs

MAX_TEXT = 10_000
SECONDS = 30.0
CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0


class AppriseChannel:
    """Destinations, each an Apprise URL. Never for one-time codes."""

    kind = "apprise"
    deliver_task = "notification.deliver.apprise"
    queue_name = "apprise"
    retry = Exponential(max_attempts=4, initial=10.0, factor=3.0, cap=900.0, jitter="full")
    max_runtime = SECONDS + 15.0
    carries_secrets = False

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='apprise'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Look the names up."""
        return destination_addresses(self.kind, receivers)

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile title and text; HTML stays empty."""
        if html.strip():
            raise InvalidTemplate("html", "an Apprise message has a title (subject) and a text")
        return CompiledText(subject, text, limit=MAX_TEXT)

    def checked_destination(self, secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Check an Apprise URL: its schema against the allow-list, its form by Apprise itself."""
        if set(secret) != {"url"} or not isinstance(secret["url"], str):
            raise InvalidProvider("url", "is required, and is all that is")
        schema = checked_schema(secret["url"])
        try:
            answer = run({"url": secret["url"], "only_check": True}, seconds=SECONDS)
        except NoAnswer as error:
            raise InvalidProvider("url", f"could not be checked ({error}); try again") from None
        if not answer["ok"]:
            raise InvalidProvider("url", answer["problem"])
        return dict(secret), f"{schema}://"

    def send(self, sendable: Sendable) -> SendResult:
        """Send one message in a process of its own."""
        [opened] = open_all([(self.kind, sendable.address)])
        if isinstance(opened, SendResult):
            return opened
        logs.hide(*hidden_texts(opened.secret))
        try:
            # The list may have become shorter since the URL was stored.
            checked_schema(opened.secret["url"])
        except InvalidProvider as error:
            return SendResult(outcome=Outcome.PERMANENT, error=error.problem)
        if sendable.is_late(clock.now()):
            return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
        return _send(opened, sendable)


def _send(opened: Opened, sendable: Sendable) -> SendResult:
    left = sendable.seconds_left(clock.now())
    content = sendable.content
    kept = clean(sendable, {"title": content.subject, "text": content.text})
    asked = {
        "url": opened.secret["url"],
        "title": content.subject,
        "body": content.text,
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
    }
    try:
        answer = run(asked, seconds=SECONDS if left is None else min(SECONDS, max(left, 0.05)))
    except NoAnswer as error:
        outcome = Outcome.AMBIGUOUS if may_repeat(sendable) else Outcome.PERMANENT
        return SendResult(
            outcome=outcome, error=f"Apprise: {error}; it may have arrived", request=kept
        )
    except OSError as error:
        problem = f"Apprise could not be started: {type(error).__name__}"
        return SendResult(outcome=Outcome.TRANSIENT, error=problem, request=kept)
    if answer["ok"]:
        return SendResult(outcome=Outcome.SUCCESS, request=kept)
    return SendResult(
        outcome=Outcome.TRANSIENT, error=f"Apprise: {answer['problem']}", request=kept
    )
