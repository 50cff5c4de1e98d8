"""Guarantee 20, sandbox mode: everything runs, nothing leaves."""

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from notifications.api import notify
from notifications.models import DeliveryAttempt, Endpoint, Notification, TemplateVersion
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core import clock
from tasks_core.health.run import examine
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=20)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
_seen: list[Any] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is not None and event == "socket.connect":
        _seen.append(arguments[1])


sys.addaudithook(_listen)


@pytest.fixture
def connections() -> Iterator[list[Any]]:
    """Every address that this process connects to from Python, but for the broker's."""
    global _seen
    _seen = []
    yield _seen
    _seen = None


@pytest.fixture
def sandbox(allow_loopback: dict[str, Any]) -> dict[str, Any]:
    allow_loopback["SANDBOX"] = True
    return allow_loopback


def outside(connections: list[Any]) -> list[Any]:
    broker = urlsplit(django_settings.CELERY_BROKER_URL).port
    return [to for to in connections if isinstance(to, tuple) and to[1] != broker]


def send_mail(to: str = "ada@example.com") -> Notification:
    return notify("receipt", to=to, context=GOOD)


def send_webhook(endpoint: Endpoint) -> Notification:
    return notify("payment.settled", to=endpoint, context={"id": "p1", "order": {}})


def attempt_of(notification: Notification) -> DeliveryAttempt:
    return DeliveryAttempt.objects.get(delivery__notification=notification)


def test_point_20_nothing_connects_and_everything_is_on_record(
    receipt: TemplateVersion,
    paid: TemplateVersion,
    endpoint: Endpoint,
    mail_server: MailServer,
    receiver: Receiver,
    sandbox: dict[str, Any],
    connections: list[Any],
) -> None:
    mail, hook = send_mail(), send_webhook(endpoint)
    run_due()
    assert outside(connections) == []
    assert (mail_server.connections, receiver.received) == (0, [])
    for notification in (mail, hook):
        notification.refresh_from_db()
        delivery = notification.deliveries.get()
        assert (notification.state, delivery.state, delivery.attempts) == ("sent", "sent", 1)
        assert delivery.text
        attempt = attempt_of(notification)
        assert (attempt.outcome, attempt.status_code) == ("sandbox", None)
        assert attempt.request["sandbox"] == "held back: the sandbox is on"


def test_without_the_sandbox_the_same_messages_connect(
    receipt: TemplateVersion,
    paid: TemplateVersion,
    endpoint: Endpoint,
    mail_server: MailServer,
    receiver: Receiver,
    connections: list[Any],
) -> None:
    send_mail()
    send_webhook(endpoint)
    run_due()
    assert {to[1] for to in outside(connections)} == {mail_server.port, receiver.port}


@pytest.mark.parametrize(
    ("allowed", "reached"),
    [
        ("ada@example.com", True),
        ("ADA@Example.com", True),
        ("example.com", True),
        ("bob@example.com", False),
        ("*.example.com", False),
        ("ample.com", False),
        ("ada", False),
    ],
)
def test_allowed_addresses_and_domains_are_reached(
    receipt: TemplateVersion,
    mail_server: MailServer,
    sandbox: dict[str, Any],
    allowed: str,
    reached: bool,
) -> None:
    sandbox["SANDBOX_ALLOW"] = [allowed]
    notification = send_mail()
    run_due()
    assert len(mail_server.messages) == int(reached)
    assert attempt_of(notification).outcome == ("success" if reached else "sandbox")


@pytest.mark.parametrize("part", ["url", "host"])
def test_allowed_endpoints_are_reached(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    sandbox: dict[str, Any],
    part: str,
) -> None:
    sandbox["SANDBOX_ALLOW"] = [receiver.url if part == "url" else "127.0.0.1"]
    send_webhook(endpoint)
    run_due()
    assert len(receiver.received) == 1


def test_messages_to_others_go_to_the_addresses_of_the_setting(
    receipt: TemplateVersion,
    paid: TemplateVersion,
    endpoint: Endpoint,
    mail_server: MailServer,
    receiver: Receiver,
    sandbox: dict[str, Any],
) -> None:
    elsewhere = f"http://127.0.0.1:{receiver.port}/elsewhere"
    sandbox["SANDBOX_REDIRECT_TO"] = [elsewhere, "qa@bank.example"]
    mail, hook = send_mail(), send_webhook(endpoint)
    run_due()
    assert [message["To"] for message in mail_server.messages] == ["qa@bank.example"]
    assert [seen.path for seen in receiver.received] == ["/elsewhere"]
    for notification, to in ((mail, "qa@bank.example"), (hook, elsewhere)):
        attempt = attempt_of(notification)
        assert attempt.outcome == "sandbox"
        assert attempt.request["sandbox"] == f"sent to {to} instead: the sandbox is on"
        assert notification.deliveries.get().address != to


def test_triggers_call_nobody_and_say_so(
    receiver: Receiver, sandbox: dict[str, Any], connections: list[Any]
) -> None:
    event = create_scheduled_event(webhook=receiver.url, schedule_at=clock.now())
    run_due()
    event.refresh_from_db()
    assert outside(connections) == []
    assert event.status == "delivered"
    assert "nothing was sent" in str(event.invocations.get().response)


def test_the_checks_warn_and_refuse_what_no_channel_recognises(
    settings: Settings, sandbox: dict[str, Any]
) -> None:
    sandbox["SANDBOX_REDIRECT_TO"] = ["nobody"]
    found = {message.id for message in run_checks()}
    assert {"notifications.W001", "notifications.E001"} <= found
    findings = [finding.message for finding in examine(["configuration"])]
    assert any("BELLRINGER_SANDBOX is on" in message for message in findings)
    sandbox["SANDBOX"] = False
    assert not any("SANDBOX" in message.msg for message in run_checks())


def test_every_page_of_the_admin_says_that_the_sandbox_is_on(
    admin_client: Client, sandbox: dict[str, Any]
) -> None:
    assert "Sandbox" in admin_client.get("/admin/").content.decode()
    sandbox["SANDBOX"] = False
    assert "Sandbox" not in admin_client.get("/admin/").content.decode()
