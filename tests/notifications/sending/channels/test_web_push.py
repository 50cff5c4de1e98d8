"""Web push to a local push service."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from notifications.api import notify, publish_template, register_destination, register_provider
from notifications.exceptions import InvalidNotification, InvalidProvider
from notifications.models import DeliveryAttempt, Destination, Notification
from notifications.sending.channels.webpush import base64url
from notifications.sending.channels.webpush.encryption import point
from notifications.sending.channels.webpush.vapid import generate_vapid_key
from tasks_core import clock
from tasks_core.testing import run_due
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """Subscribes, and decrypts what it gets, written from RFC 8188 and 8291 by itself."""

    def __init__(self, endpoint: str) -> None:
        self._key = generate_private_key(SECP256R1())
        self._auth = b"0123456789abcdef"
        keys = {
            "p256dh": base64url.encode(point(self._key.public_key())),
            "auth": base64url.encode(self._auth),
        }
        self.subscription = {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        shared = self._key.exchange(
            ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender)
        )
        info = b"WebPush: info\0" + point(self._key.public_key()) + sender
        material = HKDF(hashes.SHA256(), 32, self._auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(material)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(material)
        return AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0").removesuffix(b"\2")


@pytest.fixture
def browser(receiver: Receiver) -> Browser:
    register_provider(
        "push",
        channel="webpush",
        kind="vapid",
        credentials={"private_key": generate_vapid_key()},
        options={"contact": "mailto:ops@bank.example"},
    )
    publish_template("paid", channel="webpush", subject="Paid", text="{{ name }} paid you.")
    publish_template("one-time-code", channel="webpush", text="{{ code }}")
    found = Browser(f"{receiver.url}/SECRET")
    register_destination("ada-phone", channel="webpush", subscription=found.subscription)
    return found


def push(**options: object) -> Notification:
    notification = notify(
        "paid",
        to="ada-phone",
        channel="webpush",
        context={"name": "Zoë"},
        **options,  # type: ignore[arg-type]
    )
    run_due()
    notification.refresh_from_db()
    return notification


def test_the_browser_can_read_the_message(receiver: Receiver, browser: Browser) -> None:
    receiver.plan(Reply(201, {"Location": "https://push.example/m/42"}))
    found = push(expires_at=clock.now() + timedelta(minutes=10))
    [request] = receiver.received
    assert json.loads(browser.decrypt(request.body)) == {"title": "Paid", "body": "Zoë paid you."}
    assert request.headers["content-encoding"] == "aes128gcm"
    assert 590 <= int(request.headers["ttl"]) <= 600
    assert request.headers["authorization"].startswith("vapid t=")
    assert found.state == "sent"
    assert found.deliveries.get().provider_message_id.endswith("/m/42")


@pytest.mark.parametrize("rest", ["", "/m/42", "/" + "m" * 190, "?m=" + "0123456789" * 30])
def test_a_push_service_that_answers_with_the_subscription_leaves_nothing_of_it(
    receiver: Receiver, browser: Browser, rest: str
) -> None:
    """The address is all that it takes to push to this browser, so it is sealed where it is kept."""
    receiver.plan(Reply(201, {"Location": f"{receiver.url}/SECRET{rest}"}))
    found = push()
    assert found.state == "sent"
    assert found.deliveries.get().provider_message_id == ""
    kept = DeliveryAttempt.objects.get()
    assert "SECRET" not in f"{kept.request} {kept.response} {kept.error}"


def test_an_id_of_a_push_service_that_is_too_long_is_cut(
    receiver: Receiver, browser: Browser
) -> None:
    receiver.plan(Reply(201, {"Location": "https://push.example/m/" + "0123456789" * 30}))
    found = push().deliveries.get().provider_message_id
    assert found.startswith("https://push.example/m/0123456789")
    assert len(found) <= 200


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_unsubscribed_is_switched_off(
    receiver: Receiver, browser: Browser, status: int
) -> None:
    receiver.plan(Reply(status))
    assert push().state == "failed"
    destination = Destination.objects.get()
    assert (destination.enabled, destination.disabled_reason) == (
        False,
        "the browser has unsubscribed",
    )
    with pytest.raises(InvalidNotification, match="switched off"):
        push()


@pytest.mark.parametrize(
    ("status", "state"),
    [(429, "in_progress"), (500, "in_progress"), (413, "failed"), (403, "failed")],
)
def test_answers_of_push_services_are_told_apart(
    receiver: Receiver, browser: Browser, status: int, state: str
) -> None:
    receiver.plan(Reply(status))
    assert push().state == state
    assert Destination.objects.get().enabled


def test_a_code_is_urgent_and_leaves_no_trace(receiver: Receiver, browser: Browser) -> None:
    receiver.plan(Reply(201))
    notify(
        "one-time-code",
        to="ada-phone",
        channel="webpush",
        secret_context={"code": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=1),
    )
    run_due()
    [request] = receiver.received
    assert request.headers["urgency"] == "high"
    assert json.loads(browser.decrypt(request.body))["body"] == "918273"
    assert "918273" not in repr(list(DeliveryAttempt.objects.values()))


def test_a_message_that_does_not_fit_is_refused_before_it_is_stored(browser: Browser) -> None:
    with pytest.raises(InvalidNotification, match="has more than"):
        notify("paid", to="ada-phone", channel="webpush", context={"name": "ü" * 3400})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": None}, "subscription.endpoint"),
        ({"endpoint": "http://user:x@push.example"}, "subscription.endpoint"),
        ({"keys": None}, "subscription.keys"),
        (
            {"keys": {"p256dh": "AAAA", "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}},
            "subscription.keys.p256dh",
        ),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "subscription.keys.auth"),
        ({"keys": {"p256dh": "AAAA", "auth": "!"}}, "subscription.keys.auth"),
    ],
)
def test_a_wrong_subscription_is_refused(
    allow_loopback: dict[str, object], change: dict[str, object], field: str
) -> None:
    given = {**Browser("http://127.0.0.1:1/x").subscription, **change}
    with pytest.raises(InvalidProvider) as refused:
        register_destination("x", channel="webpush", subscription=given)
    assert refused.value.field == field


@pytest.mark.guarantee(n=5)
def test_a_subscription_at_an_internal_address_is_not_connected_to(
    receiver: Receiver, browser: Browser, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["OUTGOING_ALLOWED_NETWORKS"] = []
    found = push()
    assert found.state == "failed"
    assert "address not allowed" in found.deliveries.get().error
    assert receiver.received == []
