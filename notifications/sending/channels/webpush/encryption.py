"""Encrypt a message for one browser: aes128gcm (RFC 8188) with the keys of RFC 8291."""

import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_SIZE = 4096
MAX_MESSAGE = 3993
"""Bytes: push services take bodies of 4096, of which the header, the tag and a byte of padding are
ours (RFC 8291, section 4)."""
_LAST_RECORD = b"\x02"


def encrypted(
    message: bytes,
    *,
    receiver_key: bytes,
    auth_secret: bytes,
    sender_key: EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push request.

    Args:
        message: at most ``MAX_MESSAGE`` bytes.
        receiver_key: the subscription's ``p256dh``: a point of P-256, uncompressed.
        auth_secret: the subscription's ``auth``, 16 bytes.
        sender_key: for tests; else a new one for each message, as it must be.
        salt: the same.
    """
    sender = sender_key or generate_private_key(SECP256R1())
    salt = salt or os.urandom(16)
    own = point(sender.public_key())
    receiver = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), receiver_key)
    shared = sender.exchange(ECDH(), receiver)
    info = b"WebPush: info\x00" + receiver_key + own
    key_material = _derived(shared, auth_secret, info, 32)
    key = _derived(key_material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(key_material, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!LB", RECORD_SIZE, len(own)) + own
    return header + AESGCM(key).encrypt(nonce, message + _LAST_RECORD, None)


def point(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as the 65 bytes of an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
