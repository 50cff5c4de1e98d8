"""E-mail by EMAIL_BACKEND, by MAILERS, and by the interfaces of mail providers (Anymail)."""

import json
from typing import Any

import pytest
from django.core import mail
from django.utils.module_loading import import_string
from pytest_django import Settings

from notifications.api import notify
from notifications.models import DeliveryAttempt, Notification, TemplateVersion
from notifications.sending.channels.email.connection import connection
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db

INACTIVE = (
    "You tried to send to recipients that have been marked as inactive. Found inactive addresses: "
    "ada@example.com. Inactive recipients are ones that have generated a hard bounce."
)
CONTEXT = {"number": 7, "name": "Ada", "amount": "5"}


class Mailers:
    """What ``django.core.mail.mailers`` is from Django 6.1 on: each look-up makes a new backend."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.made = 0

    def __getitem__(self, alias: str) -> Any:
        self.made += 1
        config = self._settings.MAILERS[alias]
        return import_string(config["BACKEND"])(**config.get("OPTIONS", {}))


@pytest.fixture
def mailers(
    mail_server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Mailers:
    """Mail leaves by MAILERS, and the older settings lead nowhere."""
    settings.EMAIL_PORT = 1
    options = {"host": "127.0.0.1", "port": mail_server.port}
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"},
        "bulk": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options},
    }
    settings.BELLRINGER = {**settings.BELLRINGER, "EMAIL_MAILER": "bulk"}
    found = Mailers(settings)
    monkeypatch.setattr(mail, "mailers", found, raising=False)
    connection.drop()
    return found


def send_receipts(count: int) -> list[Notification]:
    found = [notify("receipt", to="ada@example.com", context=CONTEXT) for _ in range(count)]
    run_due()
    return found


def test_mailers_are_used_and_one_connection_serves_all_messages(
    mailers: Mailers, mail_server: MailServer, receipt: TemplateVersion
) -> None:
    send_receipts(5)
    assert len(mail_server.messages) == 5
    assert (mailers.made, mail_server.connections) == (1, 1)
    connection.quit()


def test_a_changed_mailer_is_noticed(
    mailers: Mailers, mail_server: MailServer, receipt: TemplateVersion, settings: Settings
) -> None:
    send_receipts(1)
    settings.BELLRINGER = {**settings.BELLRINGER, "EMAIL_MAILER": "default"}
    send_receipts(1)
    assert len(mail_server.messages) == 1
    connection.quit()


@pytest.fixture
def postmark(receiver: Receiver, settings: Settings) -> Receiver:
    """A mail provider with Postmark's interface."""
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "Bank <bank@bank.example>"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "token-1234567890",
        "POSTMARK_API_URL": receiver.url.removesuffix("hook"),
    }
    connection.drop()
    return receiver


def taken(message_id: str) -> Reply:
    document = {"ErrorCode": 0, "Message": "OK", "MessageID": message_id, "To": "ada@example.com"}
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())


def refused(status: int, code: int, message: str = "no") -> Reply:
    document = {"ErrorCode": code, "Message": message}
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


def test_the_provider_is_told_the_delivery_and_its_id_is_kept(
    postmark: Receiver, receipt: TemplateVersion
) -> None:
    postmark.plan(taken("b7bc2f4a-e38e-4336-af7d-e6c392c2f817"))
    [notification] = send_receipts(1)
    delivery = notification.deliveries.get()
    assert delivery.state == "sent"
    assert delivery.provider_message_id == "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
    told = json.loads(postmark.received[0].body)
    [told] = told if isinstance(told, list) else [told]
    assert told["Metadata"] == {"delivery": delivery.message_id}


@pytest.mark.parametrize(
    ("reply", "state", "outcome"),
    [
        (refused(401, 10), "in_progress", "transient"),
        (refused(500, 0), "in_progress", "transient"),
        (refused(429, 0), "in_progress", "throttled"),
        (refused(422, 300), "failed", "permanent"),
        (refused(422, 406, INACTIVE), "failed", "permanent"),
    ],
)
def test_errors_of_the_provider_are_told_apart(
    postmark: Receiver, receipt: TemplateVersion, reply: Reply, state: str, outcome: str
) -> None:
    postmark.plan(reply)
    [notification] = send_receipts(1)
    notification.refresh_from_db()
    assert notification.state == state
    attempt = DeliveryAttempt.objects.get()
    assert attempt.outcome == outcome
    assert "token-1234567890" not in repr(attempt.__dict__)
