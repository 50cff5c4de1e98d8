"""Who sends: a signed token for each push service (RFC 8292)."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from notifications.sending.channels.webpush import base64url
from notifications.sending.channels.webpush.encryption import point

LIFE = timedelta(hours=12)
"""Push services refuse tokens of more than a day."""
_KEY_BYTES = 32


def generate_vapid_key() -> str:
    """Make a private key, as base64url of its 32 bytes."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return base64url.encode(number.to_bytes(_KEY_BYTES, "big"))


def private_key(encoded: str) -> EllipticCurvePrivateKey:
    """Open a private key.

    Raises:
        ValueError: it is not base64url of 32 bytes, or no key of P-256.
    """
    raw = base64url.decode(encoded)
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"holds {len(raw)} bytes; a private key has {_KEY_BYTES}")
    return derive_private_key(int.from_bytes(raw, "big"), SECP256R1())


def public_key(encoded: str) -> str:
    """Return the public key of a private one: the browser's ``applicationServerKey``."""
    return base64url.encode(point(private_key(encoded).public_key()))


def authorization(encoded: str, *, endpoint: str, contact: str, now: datetime) -> str:
    """Return the Authorization header for a request to a push service.

    Args:
        encoded: the private key.
        endpoint: the subscription's URL; the token is good for its host only.
        contact: ``mailto:`` or ``https:`` address of whoever answers for the messages.
        now: the token is valid for 12 hours from here.
    """
    place = urlsplit(endpoint)
    claims = {
        "aud": f"{place.scheme}://{place.netloc}",
        "exp": int((now + LIFE).timestamp()),
        "sub": contact,
    }
    unsigned = ".".join(
        base64url.encode(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    signature = private_key(encoded).sign(unsigned.encode(), ECDSA(SHA256()))
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(_KEY_BYTES, "big") + s.to_bytes(_KEY_BYTES, "big")
    return f"vapid t={unsigned}.{base64url.encode(raw)}, k={public_key(encoded)}"
