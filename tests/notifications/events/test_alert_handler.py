"""People are told of events, and not too often."""

from datetime import timedelta

import pytest
from django.core import mail

from notifications.events.alert import AlertHandler
from notifications.exceptions import InvalidNotification
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import AlertLimit, Notification
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.events.happenings import AT, dead, failed

pytestmark = pytest.mark.django_db

OPS = "ops@example.com"


@pytest.fixture(autouse=True)
def _templates(db: None) -> None:
    publish_builtin_templates()


@pytest.fixture
def handler() -> AlertHandler:
    return AlertHandler("alerts", to=[OPS], every=timedelta(minutes=10))


def told() -> list[tuple[str, int, int]]:
    """Return whom alerts told, of which task, and of how many more."""
    found = Notification.objects.order_by("pk").values_list("address", "context")
    return [(address, context["task_id"], context["more"]) for address, context in found]


def test_a_dead_letter_is_told_by_mail(handler: AlertHandler) -> None:
    with clock.frozen(AT):
        handler([dead(1)])
        run_due()
    [message] = mail.outbox
    assert message.to == [OPS]
    assert message.subject == "invoice.remind: dead lettered"
    assert "Task 101 (invoice.remind): dead lettered at 2026-05-01T09:00:00+00:00" in message.body
    assert "no attempt is left" in message.body
    assert "more of this kind" not in message.body


def test_everybody_is_told_before_other_messages(handler: AlertHandler) -> None:
    AlertHandler("alerts", to=[OPS, "boss@example.com"])([dead()])
    assert [address for address, *_ in told()] == [OPS, "boss@example.com"]
    assert all(Notification.objects.values_list("critical", flat=True))


def test_of_many_events_the_first_is_told_and_the_others_are_counted(handler: AlertHandler) -> None:
    with clock.frozen(AT):
        handler([dead(number) for number in range(1, 6)])
    with clock.frozen(AT + timedelta(minutes=9)):
        handler([dead(6), dead(7)])
    assert told() == [(OPS, 101, 4)]
    with clock.frozen(AT + timedelta(minutes=10)):
        handler([dead(8), dead(9)])
    assert told() == [(OPS, 101, 4), (OPS, 108, 3)]


def test_kinds_and_types_are_told_apart(handler: AlertHandler) -> None:
    handler([dead(1), failed(2), dead(3, task_type="other"), dead(4)])
    assert told() == [(OPS, 101, 1), (OPS, 102, 0), (OPS, 103, 0)]


def test_an_event_that_comes_again_is_not_told_twice(handler: AlertHandler) -> None:
    with clock.frozen(AT):
        handler([dead(1)])
        handler([dead(1)])
    with clock.frozen(AT + timedelta(hours=1)):
        handler([dead(1)])
    assert told() == [(OPS, 101, 0)]


def test_what_cannot_be_sent_is_neither_told_nor_counted() -> None:
    with pytest.raises(InvalidNotification, match="template"):
        AlertHandler("alerts", to=[OPS], template="missing")([dead()])
    with pytest.raises(InvalidNotification, match="to:"):
        AlertHandler("alerts", to=[OPS, "nobody"])([dead()])
    assert told() == []
    assert not AlertLimit.objects.exists()


def test_nonsense_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="to must be a list"):
        AlertHandler("alerts", to="ops@example.com")
    with pytest.raises(ValueError, match="to must be a list"):
        AlertHandler("alerts", to=[])
    with pytest.raises(ValueError, match="every must be a positive"):
        AlertHandler("alerts", to=[OPS], every=timedelta(0))
