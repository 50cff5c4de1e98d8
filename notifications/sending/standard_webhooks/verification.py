"""Standard Webhooks 1.0.0, the other way round: is a request genuine, and is it fresh."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from notifications.sending.standard_webhooks.signing import signed_headers

MAX_ID = 200
MAX_SIGNATURES = 20


class NotGenuine(Exception):
    """The request is not signed as it should be. It does not say more: the sender may be anybody."""


def verified_at(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Callable[[], Sequence[str]],
    now: datetime,
    tolerance: float,
) -> datetime:
    """Return the instant at which a request was signed.

    Args:
        body: the exact bytes of the request body.
        headers: with ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, in any case.
        secrets: gives every secret that counts; asked only about a request that could be fresh.
        now: the present instant.
        tolerance: seconds by which the two may differ.

    Raises:
        NotGenuine: it is not signed with one of the secrets, or not at this time.
        Exception: whatever ``secrets`` raises.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    sent_at = _instant(given.get("webhook-timestamp", ""))
    if not 0 < len(message_id) <= MAX_ID or "." in message_id:
        raise NotGenuine
    if abs((now - sent_at).total_seconds()) > tolerance:
        raise NotGenuine
    wanted = signed_headers(body, message_id=message_id, sent_at=sent_at, secrets=secrets())
    offered = given.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    if not _match(wanted["webhook-signature"].split(), offered):
        raise NotGenuine
    return sent_at


def _match(wanted: Sequence[str], offered: Sequence[str]) -> bool:
    """Compare all with all, in a time that tells nothing."""
    matches = [
        hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in offered
    ]
    return any(matches)


def _instant(timestamp: str) -> datetime:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise NotGenuine
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise NotGenuine from None
