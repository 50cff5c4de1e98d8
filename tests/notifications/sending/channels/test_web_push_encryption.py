"""Encryption and identification of web push, against the vectors of the RFCs."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from notifications.sending.channels.webpush import base64url
from notifications.sending.channels.webpush.encryption import encrypted
from notifications.sending.channels.webpush.vapid import (
    authorization,
    generate_vapid_key,
    public_key,
)

# RFC 8291, appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
SENDER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER_PUBLIC = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_rfc_8291_comes_out_to_the_byte() -> None:
    number = int.from_bytes(base64url.decode(SENDER_PRIVATE), "big")
    body = encrypted(
        PLAINTEXT,
        receiver_key=base64url.decode(RECEIVER_PUBLIC),
        auth_secret=base64url.decode(AUTH),
        sender_key=derive_private_key(number, SECP256R1()),
        salt=base64url.decode(SALT),
    )
    assert base64url.encode(body) == BODY


def test_every_message_has_its_own_key_and_salt() -> None:
    key = base64url.decode(RECEIVER_PUBLIC)
    first, second = (encrypted(b"x", receiver_key=key, auth_secret=b"0" * 16) for _ in range(2))
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_the_token_is_signed_for_the_push_service_and_short_lived() -> None:
    key = generate_vapid_key()
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    header = authorization(
        key, endpoint="https://push.example:8443/s/1", contact="mailto:ops@bank.example", now=now
    )
    token, _, public = header.removeprefix("vapid t=").partition(", k=")
    assert public == public_key(key)
    unsigned, _, signature = token.rpartition(".")
    head, claims = (json.loads(base64url.decode(part)) for part in unsigned.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims == {
        "aud": "https://push.example:8443",
        "exp": int(now.timestamp()) + 12 * 3600,
        "sub": "mailto:ops@bank.example",
    }
    raw = base64url.decode(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    verifying = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), base64url.decode(public))
    verifying.verify(encode_dss_signature(r, s), unsigned.encode(), ECDSA(SHA256()))


@pytest.mark.parametrize("text", ["not base64!", "a", "äöü"])
def test_what_is_not_base64url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)
