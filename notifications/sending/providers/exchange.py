"""One guarded request to a provider, unless it has become too late for the message."""

from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, Response, post
from tasks_core import clock

USER_AGENT = "Bellringer/1.0"

_OUTCOMES = {
    Failure.REFUSED: Outcome.PERMANENT,
    Failure.NOT_SENT: Outcome.TRANSIENT,
    Failure.UNKNOWN: Outcome.AMBIGUOUS,
}


async def ask(
    sendable: Sendable,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    kept: Mapping[str, Any],
) -> Response | SendResult:
    """Send one request; return the response, or what became of the attempt without one.

    Args:
        sendable: the message; looked at for its expiry, right before anything is sent.
        url: may hold a credential, so it appears in no error and no log.
        body: the exact bytes.
        headers: all but the user agent.
        seconds: the longest wait; less if the message expires before.
        kept: what the attempt log tells of the request.
    """
    now = clock.now()
    if sendable.is_late(now):
        return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
    left = sendable.seconds_left(now)
    longest = seconds if left is None else min(seconds, left)
    try:
        return await post(url, body, {"User-Agent": USER_AGENT, **headers}, seconds=longest)
    except ExchangeFailed as error:
        return SendResult(
            outcome=_OUTCOMES[error.failure],
            error=str(error),
            try_next=error.failure is Failure.REFUSED,
            request=clean(sendable, dict(kept)),
        )


def clean(sendable: Sendable, value: Any) -> Any:
    """Take secret values out of what the attempt log keeps, and cut long texts.

    Those of the message, of the account or destination it is sent by, and of the configuration.
    """
    if isinstance(value, dict):
        return {name: clean(sendable, item) for name, item in value.items()}
    if isinstance(value, list):
        return [clean(sendable, item) for item in value]
    if isinstance(value, str):
        return sendable.redactor.clean_of_all(value, conf.current().response_kept)
    return value
