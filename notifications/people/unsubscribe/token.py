"""What an unsubscribe link says: who, on which channel, about which category."""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from notifications.keys import keyring

_KEY = "unsubscribe-links"
_RECIPIENT, _ADDRESS = b"r", b"a"
_HASH_BYTES = 16
_MAX_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A recipient, or the hash of an address that belongs to none, and what it is about."""

    recipient_id: int | None = None
    address_hash: str = ""
    channel: str
    category: str
    """Key of the category of the mail that had the link; empty if it had none."""


def encode(subscription: Subscription) -> str:
    """Return a subscription as text for a URL.

    It is encrypted and signed in one (AES-SIV), and short, because some who handle mail break long
    headers. It does not expire, and the same subscription always gives the same text.
    """
    about = f"{subscription.channel}\0{subscription.category}".encode()
    if subscription.recipient_id is not None:
        plain = _RECIPIENT + f"{subscription.recipient_id}\0".encode() + about
    else:
        plain = _ADDRESS + bytes.fromhex(subscription.address_hash) + about
    return base64.urlsafe_b64encode(_cipher().encrypt(plain, None)).rstrip(b"=").decode()


def decode(token: str) -> Subscription | None:
    """Return what ``encode`` was given; None if this installation did not make the token."""
    if len(token) > _MAX_LENGTH:
        return None
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = _cipher().decrypt(sealed, None)
    except (binascii.Error, ValueError, InvalidTag):
        return None
    return _read(plain[:1], plain[1:])


def _read(kind: bytes, rest: bytes) -> Subscription:
    if kind == _RECIPIENT:
        recipient_id, _, rest = rest.partition(b"\0")
        channel, _, category = rest.decode().partition("\0")
        return Subscription(recipient_id=int(recipient_id), channel=channel, category=category)
    hashed = rest[:_HASH_BYTES].hex()
    channel, _, category = rest[_HASH_BYTES:].decode().partition("\0")
    return Subscription(address_hash=hashed, channel=channel, category=category)


def _cipher() -> AESSIV:
    return AESSIV(keyring.key(_KEY))
