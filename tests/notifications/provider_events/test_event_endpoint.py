"""The address that providers post signed events to (guarantee 12)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from pytest_django import Settings

from notifications.api import register_event_source, rotate_source_secret, suppressions_of
from notifications.exceptions import InvalidEvent
from notifications.keys import keyring
from notifications.models import EventSource, ProviderEvent, TemplateVersion
from notifications.provider_events.late import follow_late_events
from notifications.sending.standard_webhooks import secrets
from notifications.sending.standard_webhooks.secrets import live_secrets
from tasks_core import clock
from tasks_core.engine.json_text import storable
from tests.notifications.provider_events.reports import document, post, registered, sent
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=12)]

BOUNCED = document("bounced", address="ada@example.com", bounce="hard", reason="550 5.1.1")


@pytest.fixture
def outside() -> Client:
    """Whoever has no account and no cookie."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def acme(db: None) -> EventSource:
    return registered()


def test_a_signed_event_is_recorded_and_followed(
    acme: EventSource, receipt: TemplateVersion, mail_server: MailServer, outside: Client
) -> None:
    delivery = sent()
    body = document("delivered", message_id=mail_server.messages[0]["Message-ID"])
    answer = post(outside, body)
    assert (answer.status_code, answer.json()) == (200, {"status": "recorded"})
    delivery.refresh_from_db()
    assert delivery.state == "delivered"
    event = ProviderEvent.objects.get()
    assert (event.source, event.event_id, event.kind) == ("acme", "evt_1", "delivered")
    assert event.delivery == delivery


def test_a_replay_is_answered_like_the_first_and_changes_nothing(
    acme: EventSource, outside: Client
) -> None:
    first = post(outside, BOUNCED)
    suppressions_of("email", "ada@example.com")[0].delete()
    again = post(outside, BOUNCED)
    assert (first.status_code, again.status_code) == (200, 200)
    assert json.loads(again.content) == {"status": "duplicate"}
    assert ProviderEvent.objects.count() == 1
    assert suppressions_of("email", "ada@example.com") == []


def test_ids_are_the_sources_own(acme: EventSource, outside: Client) -> None:
    registered("globex")
    post(outside, BOUNCED)
    assert json.loads(post(outside, BOUNCED, source="globex").content) == {"status": "recorded"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "unknown"},
        {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        {"late": timedelta(minutes=6)},
        {"late": timedelta(minutes=-6)},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,AAAA v2,BBBB"},
        {"webhook-id": "evt_2"},
        {"webhook-id": ""},
        {"webhook-id": "evt.1"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 12},
        {"webhook-timestamp": "-1"},
    ],
)
def test_what_is_not_genuine_and_fresh_is_refused(
    acme: EventSource, outside: Client, wrong: dict[str, Any]
) -> None:
    late = wrong.get("late")
    given = wrong if late is None else {"at": datetime.now(UTC) - late}
    answer = post(outside, BOUNCED, **given)
    assert answer.status_code == 401
    assert not ProviderEvent.objects.exists()
    assert suppressions_of("email", "ada@example.com") == []


def test_a_changed_body_is_refused(acme: EventSource, outside: Client) -> None:
    body = BOUNCED.decode()
    signed = post(outside, BOUNCED).wsgi_request.headers
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    answer = outside.post(
        "/notifications/events/acme",
        body.replace("ada@", "eve@"),
        content_type="application/json",
        headers={name: signed[name] for name in names},
    )
    assert answer.status_code == 401
    assert suppressions_of("email", "eve@example.com") == []


def test_a_source_that_is_switched_off_is_refused(acme: EventSource, outside: Client) -> None:
    EventSource.objects.update(enabled=False)
    assert post(outside, BOUNCED).status_code == 401


def test_a_rotated_secret_counts_for_a_while(
    acme: EventSource, outside: Client, bellringer: dict[str, Any]
) -> None:
    bellringer["WEBHOOK_SECRET_GRACE"] = 3600.0
    new = rotate_source_secret(acme)
    assert post(outside, BOUNCED).status_code == 200
    assert post(outside, BOUNCED, secret=new, event_id="evt_2").status_code == 200
    later = datetime.now(UTC) + timedelta(hours=2)
    with clock.frozen(later):
        assert live_secrets(EventSource.objects.get().secrets, later) == [new]
        assert post(outside, BOUNCED, at=later, event_id="evt_3").status_code == 401
        assert post(outside, BOUNCED, at=later, secret=new, event_id="evt_4").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        (b"[]", "body"),
        (b"[" * 50_000, "body"),
        (b'{"type": "exploded", "data": {"address": "a@b.example"}}', "type"),
        (b'{"type": "bounced"}', "data"),
        (b'{"type": "bounced", "data": {}}', "data.message_id"),
        (b'{"type": "bounced", "data": {"address": 5}}', "data.address"),
        (
            b'{"type": "bounced", "data": {"address": "a@b.example", "bounce": "very"}}',
            "data.bounce",
        ),
        (
            b'{"type": "bounced", "timestamp": "now", "data": {"address": "a@b.example"}}',
            "timestamp",
        ),
        (
            b'{"type": "bounced", "timestamp": "2026-07-01T09:00", "data": {"address": "a@b.de"}}',
            "timestamp",
        ),
        (b'{"type": "bounced", "data": {"message_id": " ", "address": ""}}', "data.message_id"),
    ],
)
def test_what_cannot_be_read_is_explained(
    acme: EventSource, outside: Client, body: bytes, field: str
) -> None:
    answer = post(outside, body)
    assert answer.status_code == 400
    assert json.loads(answer.content)["error"]["field"] == field
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("x" * 201, "x" * 199 + "…"),
        ("550 5.1.1 no such user\r\n550 5.1.1 see https://example.com", None),
        ("550\u00a0utilisateur inconnu\u202f!", "550\u00a0utilisateur inconnu\u202f!"),
        ("می\u200cکنید", "می\u200cکنید"),
        ("\x1b[31mno\x00 such \ud800user\t", "[31mno such user"),
        (550, "550"),
        ({"code": 550}, '{"code": 550}'),
    ],
)
def test_a_hard_bounce_counts_whatever_its_words(
    acme: EventSource,
    receipt: TemplateVersion,
    mail_server: MailServer,
    outside: Client,
    reason: object,
    kept: str | None,
) -> None:
    ours = str(sent().message_id)
    answer = post(outside, document("bounced", message_id=ours, bounce="hard", reason=reason))
    assert answer.status_code == 200
    assert [one.reason for one in suppressions_of("email", "ada@example.com")] == ["hard_bounce"]
    wanted = kept or "550 5.1.1 no such user 550 5.1.1 see https://example.com"
    assert ProviderEvent.objects.get().reason == wanted


@pytest.mark.parametrize(
    "odd",
    [
        {"message_id": "x" * 201},
        {"message_id": "\ud800\x00"},
        {"address": " ada@example.com\r\n", "message_id": "1"},
        {"bounce": "Hard "},
        {"bounce": "Permanent"},
        {"bounce": "HardBounce"},
        {"bounce": "hard-bounce"},
    ],
)
def test_a_hard_bounce_counts_however_its_fields_are_written(
    acme: EventSource, outside: Client, odd: dict[str, Any]
) -> None:
    fields = {"address": "ada@example.com", "bounce": "hard", **odd}
    assert post(outside, document("bounced", **fields)).status_code == 200
    assert [one.reason for one in suppressions_of("email", "ada@example.com")] == ["hard_bounce"]


@pytest.mark.parametrize("word", ["Transient", "temporary", "SoftBounce", "Undetermined"])
def test_a_soft_bounce_is_known_by_the_words_of_providers(
    acme: EventSource, outside: Client, word: str
) -> None:
    answer = post(outside, document("bounced", address="ada@example.com", bounce=word))
    assert answer.status_code == 200
    assert ProviderEvent.objects.get().bounce == "soft"
    assert not suppressions_of("email", "ada@example.com")


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("bounce", ["hard", "soft"])
def test_a_clock_that_nobody_set_loses_no_bounce(
    acme: EventSource, outside: Client, timestamp: str, bounce: str
) -> None:
    data = {"address": "ada@example.com", "bounce": bounce}
    body = json.dumps({"type": "bounced", "timestamp": timestamp, "data": data}).encode()
    assert post(outside, body).status_code == 200
    event = ProviderEvent.objects.get()
    assert event.occurred_at <= event.received_at
    assert event.received_at - event.occurred_at < timedelta(minutes=1)


def test_an_id_that_was_too_long_to_keep_is_found_by_its_beginning(
    acme: EventSource, receipt: TemplateVersion, mail_server: MailServer, outside: Client
) -> None:
    given = "p" * 300
    delivery = sent(storable(given, limit=200))
    assert post(outside, document("bounced", message_id=given, bounce="hard")).status_code == 200
    delivery.refresh_from_db()
    assert delivery.state == "bounced"


def test_a_source_settles_no_delivery_of_another_channel(
    acme: EventSource, receipt: TemplateVersion, mail_server: MailServer, outside: Client
) -> None:
    """The id of a message is no secret: every mail says its own."""
    registered("texts", channel="sms")
    delivery = sent()
    body = document("bounced", message_id=delivery.message_id, bounce="hard")
    assert post(outside, body, source="texts").status_code == 200
    follow_late_events()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert ProviderEvent.objects.get().delivery is None
    assert suppressions_of("email", "ada@example.com") == []
    assert post(outside, body).status_code == 200
    delivery.refresh_from_db()
    assert delivery.state == "bounced"


def test_too_much_is_not_read(
    acme: EventSource, outside: Client, bellringer: dict[str, Any]
) -> None:
    bellringer["PROVIDER_EVENT_LIMIT"] = 100
    body = document("bounced", address="ada@example.com", reason="x" * 100)
    assert post(outside, body).status_code == 413
    assert post(outside, document("bounced", address="a@b.example")).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_other_methods_are_refused(acme: EventSource, outside: Client, method: str) -> None:
    assert getattr(outside, method)("/notifications/events/acme").status_code == 405


@pytest.fixture
def no_key(acme: EventSource, settings: Settings) -> None:
    """This process has begun with other keys than those that sealed the source's secret."""
    other = Fernet.generate_key().decode()
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [other]}
    secrets._opened.cache_clear()
    keyring.forget()


@pytest.mark.parametrize("keys", [[Fernet.generate_key().decode()], []], ids=["others", "none"])
def test_without_the_key_the_source_is_asked_to_send_again_and_one_line_says_why(
    no_key: None,
    outside: Client,
    settings: Settings,
    keys: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": keys}
    answer = post(outside, BOUNCED)
    assert answer.status_code == 503
    assert "ENCRYPTION_KEYS" not in answer.content.decode()
    [line] = [one for one in caplog.records if one.name == "notifications.web.events"]
    assert line.levelname == "ERROR"
    assert "source acme" in line.getMessage()
    assert not ProviderEvent.objects.exists()


def test_without_the_key_of_addresses_too(
    acme: EventSource, outside: Client, settings: Settings
) -> None:
    post(outside, BOUNCED)
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
    }
    keyring.forget()
    assert post(outside, BOUNCED, event_id="evt_2").status_code == 503


@pytest.mark.parametrize(
    ("event_id", "age"), [("x" * 201, 0), ("a.b", 0), ("evt_1", 301), ("evt_1", -301)]
)
def test_of_what_is_not_fresh_no_secret_is_opened(
    no_key: None, outside: Client, event_id: str, age: int
) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    assert post(outside, BOUNCED, event_id=event_id, at=at).status_code == 401


def test_nobody_needs_to_read_who_bounced(acme: EventSource, outside: Client) -> None:
    post(outside, BOUNCED)
    event = ProviderEvent.objects.get()
    assert "ada@" not in str(vars(event))
    assert event.reason == "550 5.1.1"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"name": "Acme!"}, "name"),
        ({"name": "acme"}, "name"),
        ({"name": "new", "channel": "pigeon"}, "channel"),
        ({"name": "new", "secret": "hunter2"}, "secret"),
    ],
)
def test_a_wrong_source_is_explained(
    acme: EventSource, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        register_event_source(**arguments)
    assert refused.value.field == field
    assert "hunter2" not in str(refused.value)
    assert EventSource.objects.count() == 1
