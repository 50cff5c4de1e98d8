"""Send one webhook: sign it, post it, say what came of it."""

from notifications import conf
from notifications.channel_api.sendable import Receiver, Sendable
from notifications.confidential import WITHHELD
from notifications.rules.outcome import Outcome, SendResult, without_key
from notifications.sending.delivery_span import passed_on
from notifications.sending.endpoints.registration import live_secrets
from notifications.sending.outgoing.fetch import ExchangeFailed, Response, post
from notifications.sending.outgoing.retry_after import parse_retry_after
from notifications.sending.outgoing.status import (
    GONE,
    describe_status,
    outcome_of_failure,
    outcome_of_status,
)
from notifications.sending.standard_webhooks.signing import signed_headers
from tasks_core import clock
from tasks_core.encryption import KeyMissing

USER_AGENT = "Bellringer-Webhooks/1.0"


async def send(sendable: Sendable) -> SendResult:
    """Post the message to its endpoint, unless that is off or it has become too late."""
    receiver = sendable.receiver
    if receiver is None:
        return SendResult(outcome=Outcome.PERMANENT, error="the delivery has no endpoint")
    if not receiver.enabled:
        reason = receiver.disabled_reason or "by an operator"
        return SendResult(outcome=Outcome.PERMANENT, error=f"the endpoint is disabled: {reason}")
    now = clock.now()
    if sendable.is_late(now):
        return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
    try:
        secrets = live_secrets(receiver.secrets, now)
    except KeyMissing as error:
        return without_key(error)
    body = sendable.content.text.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **passed_on(),
        **signed_headers(
            body,
            message_id=f"msg_{sendable.message_id}",
            sent_at=now,
            secrets=secrets,
        ),
    }
    try:
        response = await post(receiver.url, body, headers, seconds=sendable.seconds_left(now))
    except ExchangeFailed as error:
        return SendResult(
            outcome=outcome_of_failure(error.failure),
            error=str(error),
            request=_request(sendable, receiver, headers),
        )
    return _answered(sendable, response, _request(sendable, receiver, headers))


def _answered(sendable: Sendable, response: Response, request: dict[str, str]) -> SendResult:
    outcome = outcome_of_status(response.status)
    succeeded = outcome is Outcome.SUCCESS
    return SendResult(
        outcome=outcome,
        error="" if succeeded else describe_status(response.status),
        status_code=response.status,
        retry_after=None if succeeded else _asked_to_wait(response),
        request=request,
        response={"body": _kept(sendable, response.body.decode("utf-8", "replace"))},
        endpoint_gone=response.status == GONE,
    )


def _asked_to_wait(response: Response) -> float | None:
    values = (value for name, value in response.headers.items() if name.lower() == "retry-after")
    return parse_retry_after(next(values, None), clock.now())


def _request(sendable: Sendable, receiver: Receiver, headers: dict[str, str]) -> dict[str, str]:
    return {
        "url": receiver.url,
        "webhook_id": headers["webhook-id"],
        "webhook_timestamp": headers["webhook-timestamp"],
        "body": _kept(sendable, sendable.content.text),
    }


def _kept(sendable: Sendable, body: str) -> str:
    """Keep the beginning of a body; of a secret notification nothing, not even an echo of it."""
    if sendable.is_secret:
        return WITHHELD
    return sendable.redactor.clean(body, conf.current().response_kept)
