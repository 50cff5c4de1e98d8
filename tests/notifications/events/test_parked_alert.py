"""When a subscriber is parked, those who are named in ALERT_RECIPIENTS are told."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from pytest_django import Settings

import tasks_core
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import Notification
from tasks_core import clock
from tasks_core.events import cursor, subscription
from tasks_core.models import EventSubscription
from tasks_core.signals import subscription_parked
from tasks_core.testing import run_due
from tasks_core.worker.event_delivery import deliver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recipients(settings: Settings) -> list[str]:
    told = ["ops@example.com"]
    settings.BELLRINGER = {**settings.BELLRINGER, "ALERT_RECIPIENTS": told}
    return told


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a subscriber that is parked at its first failure, and an event for it."""

    def fail(events: Sequence[object]) -> None:
        raise RuntimeError("the receiver is down")

    monkeypatch.setattr(subscription, "_subscriptions", {})
    tasks_core.subscribe("audit", [], fail, max_failures=1)
    cursor.create("audit", from_beginning=False, now=clock.now())
    payload = {"notification": 1}
    tasks_core.schedule_delayed(
        "notification.schedule", payload, delay=timedelta(days=1), inner=True
    )


@pytest.mark.usefixtures("broken", "recipients")
def test_they_get_a_mail_with_the_error_and_what_to_do() -> None:
    publish_builtin_templates()
    deliver("audit", holder="test")
    run_due()
    [message] = mail.outbox
    assert message.subject == "Subscriber audit is parked"
    assert "RuntimeError: the receiver is down" in message.body
    assert "manage.py resume_subscription audit" in message.body


@pytest.mark.usefixtures("broken")
def test_one_who_cannot_be_told_keeps_nobody_else_from_it(
    recipients: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    recipients.insert(0, "https://unregistered.example.com/hook")
    publish_builtin_templates()
    deliver("audit", holder="test")
    assert [one.address for one in Notification.objects.all()] == ["ops@example.com"]
    assert "nobody is told that subscriber audit is parked" in caplog.text


@pytest.mark.usefixtures("broken", "recipients")
def test_without_the_template_it_is_parked_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    deliver("audit", holder="test")
    assert EventSubscription.objects.get().state == "parked"
    assert "ALERT_RECIPIENTS" in caplog.text


@pytest.mark.usefixtures("broken")
def test_nobody_is_told_if_nobody_is_named() -> None:
    publish_builtin_templates()
    deliver("audit", holder="test")
    assert not Notification.objects.exists()


@pytest.mark.usefixtures("broken", "recipients")
def test_parking_and_alert_are_committed_together() -> None:
    publish_builtin_templates()

    def die(**_: Any) -> None:
        with connection.cursor() as cursor:  # the session ends before the commit
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    subscription_parked.connect(die)
    try:
        deliver("audit", holder="test")
    finally:
        subscription_parked.disconnect(die)
    assert EventSubscription.objects.get().state == "active"
    assert not Notification.objects.exists()
