"""Post batches of events to a webhook endpoint, signed by Standard Webhooks."""

import asyncio
import hashlib
from collections.abc import Sequence

from notifications import conf
from notifications.events.document import document
from notifications.models import Endpoint
from notifications.sending.channels.webhook.send import USER_AGENT
from notifications.sending.endpoints.registration import disable, live_secrets
from notifications.sending.outgoing.fetch import Response, post
from notifications.sending.outgoing.retry_after import parse_retry_after
from notifications.sending.outgoing.status import GONE, describe_status
from notifications.sending.standard_webhooks.signing import signed_headers
from tasks_core import RetryAfter, clock
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.events import Event
from tasks_core.worker import process


class WebhookFailed(Exception):
    """The endpoint did not take a batch; it comes again, with the same id."""


class WebhookHandler:
    """Posts each batch to a registered endpoint, with the signature and the guard of all webhooks.

    ``webhook-id`` is made of the subscriber's name and the ids of the events: a batch that comes again has
    the same one, and so does its body, so receivers can tell.
    """

    def __init__(self, subscriber: str, endpoint: str) -> None:
        """Take the name of the subscription and the name of the endpoint, which is looked up at each call."""
        self._subscriber = subscriber
        self._endpoint = endpoint

    def __call__(self, events: Sequence[Event]) -> None:
        """Post one batch.

        Raises:
            WebhookFailed, RetryAfter: the endpoint is missing or off, or did not answer with 2xx.
            ExchangeFailed: there was no answer.
        """
        endpoint = self._enabled()
        body = document(self._subscriber, events)
        now = clock.now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            **signed_headers(
                body,
                message_id=self._message_id(events),
                sent_at=now,
                secrets=live_secrets(endpoint.secrets, now),
            ),
        }
        self._judge(endpoint, _posted(endpoint.url, body, headers))

    def _enabled(self) -> Endpoint:
        endpoint = Endpoint.objects.filter(name=self._endpoint).first()
        if endpoint is None:
            raise WebhookFailed(
                f"there is no endpoint {self._endpoint!r}; register one in the admin or with "
                "notifications.api.register_endpoint"
            )
        if not endpoint.enabled:
            reason = endpoint.disabled_reason or "by an operator"
            raise WebhookFailed(f"the endpoint {self._endpoint!r} is disabled: {reason}")
        return endpoint

    def _message_id(self, events: Sequence[Event]) -> str:
        ids = ",".join(str(event.id) for event in events)
        return "evt_" + hashlib.sha256(f"{self._subscriber}:{ids}".encode()).hexdigest()[:32]

    def _judge(self, endpoint: Endpoint, response: Response) -> None:
        if 200 <= response.status < 300:
            return
        problem = describe_status(response.status)
        if response.status == GONE:
            with bounded_locks():
                disable(endpoint.pk, reason=problem)
        asked = next(
            (value for name, value in response.headers.items() if name.lower() == "retry-after"),
            None,
        )
        seconds = parse_retry_after(asked, clock.now())
        if seconds is not None:
            raise RetryAfter(seconds, problem)
        raise WebhookFailed(problem)


def _posted(url: str, body: bytes, headers: dict[str, str]) -> Response:
    """Post from the process' event loop, which keeps connections open between batches."""
    loop = process.current().loop.loop
    answer = asyncio.run_coroutine_threadsafe(post(url, body, headers), loop)
    try:
        return answer.result(conf.current().outgoing_total_timeout + 5)
    except BaseException:
        answer.cancel()  # this call has run out of time
        raise
