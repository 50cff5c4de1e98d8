"""A notification for each event, once, however often it comes."""

from typing import Any

import pytest
from django.core import mail

from notifications.api import publish_template, save_recipient
from notifications.events.notification import NotificationHandler
from notifications.exceptions import InvalidNotification
from notifications.models import Notification
from tasks_core.engine.events import Event
from tasks_core.testing import run_due
from tests.notifications.events.happenings import dead, failed

pytestmark = pytest.mark.django_db

OPS = "ops@example.com"
NAME = "tell-billing"


@pytest.fixture(autouse=True)
def _template(db: None) -> None:
    publish_template(
        "task-failed",
        subject="{{ task_type }}: {{ kind }}",
        text="Task {{ task_id }}, attempt {{ attempt }}, at {{ at }}: {{ reason }}",
    )


def told() -> list[tuple[str, int]]:
    found = Notification.objects.order_by("pk").values_list("address", "context")
    return [(address, context["task_id"]) for address, context in found]


def test_each_event_is_told_to_each_receiver_with_its_facts() -> None:
    NotificationHandler(NAME, "task-failed", to=[OPS, "bea@example.com"])([dead(1), failed(2)])
    run_due()
    assert told() == [(OPS, 101), ("bea@example.com", 101), (OPS, 102), ("bea@example.com", 102)]
    subjects = {message.subject for message in mail.outbox}
    assert subjects == {"invoice.remind: dead lettered", "invoice.remind: failed"}
    bodies = {message.body.strip() for message in mail.outbox}
    assert "Task 101, attempt 8, at 2026-05-01T09:00:00+00:00: no attempt is left" in bodies


def test_an_event_that_comes_again_is_not_told_twice() -> None:
    handler = NotificationHandler(NAME, "task-failed", to=[OPS])
    handler([dead(1)])
    handler([dead(1), dead(2)])
    assert told() == [(OPS, 101), (OPS, 102)]


def test_not_even_when_it_would_say_something_else_by_now() -> None:
    state = {"task_id": 1}

    def changing(event: Event) -> dict[str, Any]:
        facts = {"task_type": "x", "kind": "y", "attempt": 1, "at": "", "reason": ""}
        return {**facts, **state}

    handler = NotificationHandler(NAME, "task-failed", to=[OPS], context=changing)
    handler([dead(1)])
    state["task_id"] = 2
    handler([dead(1)])
    assert told() == [(OPS, 1)]


def test_other_subscriptions_tell_of_the_same_event_too() -> None:
    for name in ("one", "two"):
        NotificationHandler(name, "task-failed", to=[OPS])([dead(1)])
    assert told() == [(OPS, 101)] * 2


def test_the_receivers_may_depend_on_the_event_and_be_none() -> None:
    save_recipient("ada", addresses={"email": "ada@example.com"})

    def whom(event: Event) -> list[str]:
        return ["ada"] if event.task_id == 101 else []

    NotificationHandler(NAME, "task-failed", to=whom)([dead(1), dead(2)])
    assert told() == [("ada@example.com", 101)]


def test_category_and_channel_are_those_of_the_notification() -> None:
    handler = NotificationHandler(
        NAME, "task-failed", to=[OPS], channel="email", category="billing"
    )
    handler([dead(1)])
    assert Notification.objects.get().category == "billing"


def test_if_one_cannot_be_sent_none_is_and_the_batch_comes_again() -> None:
    wrong = {101: [OPS], 102: ["nobody"]}
    handler = NotificationHandler(NAME, "task-failed", to=lambda event: wrong[event.task_id])
    with pytest.raises(InvalidNotification, match="to:"):
        handler([dead(1), dead(2)])
    assert told() == []
    wrong[102] = ["bea@example.com"]
    handler([dead(1), dead(2)])
    assert told() == [(OPS, 101), ("bea@example.com", 102)]


def test_nonsense_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="to must be a list"):
        NotificationHandler(NAME, "task-failed", to=OPS)
    with pytest.raises(ValueError, match="to is empty"):
        NotificationHandler(NAME, "task-failed", to=[])
    wrong: Any = {"reason": "x"}
    with pytest.raises(ValueError, match="context must be a function"):
        NotificationHandler(NAME, "task-failed", to=[OPS], context=wrong)
    with pytest.raises(TypeError, match="to must give a list"):
        NotificationHandler(NAME, "task-failed", to=lambda _: OPS)([dead(1)])
