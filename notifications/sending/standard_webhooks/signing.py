"""Standard Webhooks 1.0.0: the three headers over the exact bytes that are sent."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

PREFIX = "whsec_"
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64


def generate_secret() -> str:
    """Make a new signing secret: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


@lru_cache(maxsize=1_000)
def key_of(secret: str) -> bytes:
    """Return the key inside a secret.

    Raises:
        ValueError: says what form a secret has; never quotes the one given.
    """
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64; a secret is {PREFIX} and base64") from None
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(
            f"holds {len(key)} bytes; a secret is {PREFIX} and the base64 of "
            f"{MIN_KEY_BYTES} to {MAX_KEY_BYTES} random bytes"
        )
    return key


def signed_headers(
    body: bytes, *, message_id: str, sent_at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """Return the ``webhook-*`` headers for one attempt.

    Args:
        body: the exact bytes of the request body.
        message_id: the same for every attempt at one message; has no full stop in it.
        sent_at: the instant of this attempt, aware.
        secrets: every secret that is live; the receiver accepts if one of them matches.
    """
    if "." in message_id:
        raise ValueError("a webhook-id has no full stop, because the signed text is split at it")
    timestamp = str(int(sent_at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_signature(key_of(secret), signed) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
