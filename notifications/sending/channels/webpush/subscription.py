"""A browser's subscription, as ``PushSubscription.toJSON()`` gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from notifications.exceptions import InvalidProvider
from notifications.sending.channels.webpush import base64url
from notifications.sending.outgoing.guard import InvalidUrl, check_url

_AUTH_BYTES = 16


@dataclass(frozen=True)
class Subscription:
    """Where to push, and the keys of the browser."""

    endpoint: str = field(repr=False)
    receiver_key: bytes = field(repr=False)
    auth_secret: bytes = field(repr=False)


def parse_subscription(given: object) -> Subscription:
    """Check what a browser sent.

    Raises:
        InvalidProvider: names the field and what would be right.
    """
    if not isinstance(given, Mapping):
        raise InvalidProvider("subscription", "must be the object that the browser gives")
    endpoint, keys = given.get("endpoint"), given.get("keys")
    if not isinstance(endpoint, str):
        raise InvalidProvider("subscription.endpoint", "is missing")
    try:
        check_url(endpoint)
    except InvalidUrl as error:
        raise InvalidProvider("subscription.endpoint", str(error)) from None
    if not isinstance(keys, Mapping):
        raise InvalidProvider("subscription.keys", "is missing; it holds p256dh and auth")
    key = _decoded("p256dh", keys.get("p256dh"))
    auth = _decoded("auth", keys.get("auth"))
    if len(auth) != _AUTH_BYTES:
        raise InvalidProvider("subscription.keys.auth", f"must hold {_AUTH_BYTES} bytes")
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
    except ValueError:
        raise InvalidProvider("subscription.keys.p256dh", "is no public key of P-256") from None
    return Subscription(endpoint, key, auth)


def checked_subscription(secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Check ``subscription={...}``; return what is sealed, and the push service's host."""
    if set(secret) != {"subscription"}:
        raise InvalidProvider("subscription", "is required, and is all that is")
    parsed = parse_subscription(secret["subscription"])
    given = secret["subscription"]
    keys = {name: given["keys"][name] for name in ("p256dh", "auth")}
    kept = {"subscription": {"endpoint": parsed.endpoint, "keys": keys}}
    return kept, urlsplit(parsed.endpoint).hostname or ""


def _decoded(name: str, text: object) -> bytes:
    try:
        return base64url.decode(text if isinstance(text, str) else "")
    except ValueError as error:
        raise InvalidProvider(f"subscription.keys.{name}", str(error)) from None
