"""Standard Webhooks signatures, with the reference package as judge."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from notifications.sending.standard_webhooks.signing import generate_secret, key_of, signed_headers

pytestmark = pytest.mark.guarantee(n=9)

PUBLISHED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLISHED_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_published_vector_comes_out() -> None:
    headers = signed_headers(
        b'{"test": 2432232314}',
        message_id=PUBLISHED_ID,
        sent_at=datetime.fromtimestamp(1614265330, tz=UTC),
        secrets=[PUBLISHED_SECRET],
    )
    assert headers == {
        "webhook-id": PUBLISHED_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=st.text(st.characters(codec="utf-8")).map(str.encode), keys=st.integers(1, 3))
def test_the_reference_package_verifies_every_live_secret(body: bytes, keys: int) -> None:
    secrets = [generate_secret() for _ in range(keys)]
    headers = signed_headers(body, message_id="msg_1", sent_at=datetime.now(UTC), secrets=secrets)
    for secret in secrets:
        Webhook(secret).verify(body, headers, json_parse=False)


def test_the_reference_package_refuses_another_secret_and_another_body() -> None:
    secret = generate_secret()
    headers = signed_headers(b"{}", message_id="msg_1", sent_at=datetime.now(UTC), secrets=[secret])
    with pytest.raises(WebhookVerificationError):
        Webhook(generate_secret()).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{} ", headers)


def test_a_generated_secret_holds_32_random_bytes() -> None:
    first, second = generate_secret(), generate_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(key_of(first)) == 32


@pytest.mark.parametrize("secret", ["whsec_!!!!", "whsec_c2hvcnQ=", "whsec_ü"])
def test_a_secret_of_another_form_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"a secret is whsec_ and (the )?base64") as refused:
        key_of(secret)
    assert secret.removeprefix("whsec_") not in str(refused.value)


def test_a_secret_may_lack_its_prefix_and_its_padding() -> None:
    key = bytes(range(25))
    assert key_of(base64.b64encode(key).decode().rstrip("=")) == key


def test_a_message_id_with_a_full_stop_is_refused() -> None:
    with pytest.raises(ValueError, match="no full stop"):
        signed_headers(
            b"", message_id="a.b", sent_at=datetime.now(UTC), secrets=[generate_secret()]
        )
