"""Messages that may leave at once have their delivery from the moment they are accepted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import conditions
from notifications.api import (
    Fallback,
    Message,
    cancel,
    condition,
    erase,
    notify,
    notify_many,
    save_category,
    save_recipient,
    set_preference,
    suppress,
)
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import LimitExceeded
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    Endpoint,
    LadderStep,
    Notification,
    Recipient,
    TemplateVersion,
)
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.endpoint_lanes import places
from notifications.sending.pipeline.deliver import ended
from notifications.sending.pipeline.lanes import Asked, Turn, take_turns
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.codes.test_one_time_codes import CODE, send_code, whole_database
from tests.support.mail_server import MailServer, text_of

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
MAIL = "ada@example.com"
MINUTE = timedelta(minutes=1)
FIRST, LAST = "notification.schedule", "notification.deliver.email"


@pytest.fixture(autouse=True)
def _condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "_predicates", dict(conditions._predicates))
    condition("always")(lambda: True)


@pytest.fixture(autouse=True)
def _ada(db: None) -> None:
    save_recipient("ada", email=MAIL)


def send(to: Any = MAIL, **options: Any) -> Notification:
    return notify("receipt", to=to, channel="email", context=GOOD, **options)


def state_of(notification: Notification) -> str:
    notification.refresh_from_db()
    return notification.state


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"critical": True},
        {"to": "ada", "critical": True},
        {"expires_at": MINUTE},
        {"idempotency_key": "k"},
        {"supersede_key": "cart-1"},
        {"correlation_id": "order-7"},
        {"category": "news"},
        {"fallback": [Fallback(channel="email", to="bea@example.com")]},
        {"run_after": -MINUTE},
    ],
)
def test_what_is_due_and_asks_for_nothing_first_has_its_delivery(
    receipt: TemplateVersion, options: dict[str, Any]
) -> None:
    notification = send(**instants(options))
    assert state_of(notification) == "in_progress"
    delivery = notification.deliveries.get()
    assert (delivery.state, delivery.attempts, delivery.address) == ("rendered", 0, MAIL)
    assert delivery.subject == "Receipt 7"
    assert delivery.text == "Dear Ada, thank you for 12.50 EUR."
    assert delivery.html == "<p>Dear Ada</p>"
    assert delivery.created_at == delivery.rendered_at == notification.created_at
    [task] = Task.objects.all()
    assert (task.task_type, task.payload) == (LAST, {"delivery": delivery.pk})


@pytest.mark.parametrize(
    "options",
    [
        {"run_after": MINUTE},
        {"run_after": MINUTE, "critical": True},
        {"condition": "always"},
        {"condition": "always", "critical": True},
        {"to": "ada"},
        {"to": "ada", "condition": "always", "critical": True},
    ],
)
def test_what_something_may_hold_back_until_its_time_goes_by_the_first_step(
    receipt: TemplateVersion, options: dict[str, Any]
) -> None:
    notification = send(**instants(options))
    assert state_of(notification) == "accepted"
    assert not notification.deliveries.exists()
    [task] = Task.objects.all()
    assert (task.task_type, task.payload) == (FIRST, {"notification": notification.pk})


def instants(options: dict[str, Any]) -> dict[str, Any]:
    """Give options with lengths of time counted from now."""
    now = clock.now()
    return {
        name: now + value if isinstance(value, timedelta) else value
        for name, value in options.items()
    }


def test_a_webhook_has_its_delivery_too(paid: TemplateVersion, endpoint: Endpoint) -> None:
    context = {"id": "p1", "order": {"n": 1}}
    notification = notify("payment.settled", to=endpoint, context=context, order_key="o-1")
    delivery = notification.deliveries.get()
    assert (delivery.state, delivery.endpoint) == ("rendered", endpoint)
    assert json.loads(delivery.text)["data"] == context
    [task] = Task.objects.all()
    assert (task.task_type, task.queue_name) == ("notification.deliver.webhook", "webhook")


def test_each_message_is_one_task(receipt: TemplateVersion, mail_server: MailServer) -> None:
    messages = [Message(to=f"u{n}@example.com", context=GOOD) for n in range(3)]
    notify_many("receipt", messages)
    assert Task.objects.count() == 3
    assert run_due() == 3
    assert [mail["To"] for mail in mail_server.messages] == [message.to for message in messages]


def test_messages_of_one_call_go_each_its_own_way(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    plain = Message(to="bea@example.com", context=GOOD)
    held = Message(to=MAIL, context=GOOD, condition="always")
    notifications = notify_many("receipt", [held, plain, held])
    assert [state_of(one) for one in notifications] == ["accepted", "in_progress", "accepted"]
    assert Delivery.objects.get().notification == notifications[1]
    assert run_due() == 5
    assert [state_of(one) for one in notifications] == ["sent"] * 3


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_delivery(receipt: TemplateVersion) -> None:
    fallback = [Fallback(channel="email", to="bea@example.com", after=MINUTE)]
    with transaction.atomic():
        send(fallback=fallback)
        counts = [model.objects.count() for model in (Notification, Delivery, LadderStep, Task)]
        assert counts == [1, 1, 1, 2]
        transaction.set_rollback(True)
    for model in (Notification, Delivery, LadderStep, Task):
        assert not model.objects.exists(), model


@pytest.mark.django_db(transaction=True)
def test_what_a_limit_refuses_leaves_no_delivery(
    code_template: TemplateVersion, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "OTP_RECIPIENT_LIMITS": ["1/1h"]}
    send_code()
    with pytest.raises(LimitExceeded):
        send_code()
    assert [model.objects.count() for model in (Notification, Delivery, Task)] == [1, 1, 1]


def test_the_timer_of_a_fallback_runs_from_the_acceptance(receipt: TemplateVersion) -> None:
    fallback = [
        Fallback(channel="email", to="bea@example.com", after=5 * MINUTE),
        Fallback(channel="email", to="cleo@example.com", after=5 * MINUTE),
    ]
    notification = send(fallback=fallback)
    first, second = notification.ladder_steps.order_by("position")
    assert first.due_at == notification.created_at + 5 * MINUTE
    assert second.due_at is None
    look = Task.objects.get(task_type="notification.fall_back")
    assert look.run_after == first.due_at
    assert look.payload == {"notification": notification.pk, "position": 1}


@pytest.mark.guarantee(n=4)
def test_a_secret_message_is_written_only_when_it_is_sent(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    delivery = notification.deliveries.get()
    assert delivery.state == "rendered"
    assert (delivery.subject, delivery.text, delivery.html) == ("", "", "")
    assert CODE not in whole_database()
    run_due()
    [mail] = mail_server.messages
    assert text_of(mail) == f"Hello Ada, your code is {CODE}."


@pytest.mark.guarantee(n=3)
def test_its_task_expires_with_the_message(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send(expires_at=clock.now() + MINUTE)
    task = Task.objects.get()
    assert task.expires_at == notification.expires_at
    with clock.frozen(clock.now() + 2 * MINUTE):
        run_due()
    assert mail_server.messages == []
    assert not DeliveryAttempt.objects.exists()


def test_a_cancellation_before_the_attempt_takes_it_back(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send()
    assert cancel(notification.pk, reason="paid in cash")
    run_due()
    assert state_of(notification) == "cancelled"
    delivery = notification.deliveries.get()
    assert (delivery.state, delivery.error, delivery.attempts) == ("cancelled", "paid in cash", 0)
    assert mail_server.messages == []


def test_a_newer_message_takes_an_unsent_one_back(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    older, newer = send(supersede_key="cart-1"), send(supersede_key="cart-1")
    run_due()
    assert (state_of(older), state_of(newer)) == ("cancelled", "sent")
    assert older.deliveries.get().state == "cancelled"
    assert len(mail_server.messages) == 1


@pytest.mark.guarantee(n=12)
def test_an_address_that_is_suppressed_meanwhile_gets_nothing(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send()
    suppress("email", MAIL, reason="manual", source="test")
    run_due()
    assert state_of(notification) == "suppressed"
    assert mail_server.messages == []
    assert not DeliveryAttempt.objects.exists()


@pytest.mark.guarantee(n=11)
def test_a_wish_is_asked_for_at_the_attempt(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    ada = Recipient.objects.get(key="ada")
    save_category("news", name="News")
    unlocked = send(to="ada", category="news", critical=True)
    set_preference(ada, False, category="news", channel="email")
    held = send(to="ada", category="news")
    run_due()
    assert (state_of(unlocked), state_of(held)) == ("sent", "suppressed")
    assert len(mail_server.messages) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.guarantee(n=18)
def test_an_address_that_is_erased_meanwhile_gets_nothing(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send()
    erase(address=MAIL)
    run_due()
    assert state_of(notification) == "cancelled"
    assert mail_server.messages == []
    assert MAIL not in whole_database()


@pytest.mark.parametrize(
    ("options", "statements"),
    [({}, 6), ({"expires_at": MINUTE}, 6), ({"condition": "always"}, 5)],
)
def test_one_message_takes_few_statements(
    receipt: TemplateVersion,
    django_assert_num_queries: DjangoAssertNumQueries,
    options: dict[str, Any],
    statements: int,
) -> None:
    send()  # compiles the template
    with django_assert_num_queries(statements):
        send(**instants(options))


def test_a_thousand_messages_take_no_more_than_a_few(
    receipt: TemplateVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    messages = [Message(to=f"u{n}@example.com", context=GOOD) for n in range(1_000)]
    with django_assert_max_num_queries(10):
        notify_many("receipt", messages)
    assert Delivery.objects.count() == Task.objects.count() == 1_000


def test_a_webhook_in_the_place_of_another_takes_three_statements(
    paid: TemplateVersion,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The end of the other, the question for its turn, and its beginning; the lane hears nothing."""
    monkeypatch.setattr(places, "TRUSTED_SECONDS", 60.0)
    first, second = (
        notify("payment.settled", to=endpoint, context={"id": str(n), "order": {}})
        for n in range(2)
    )
    with clock.frozen(clock.now()):
        [begun] = take_turns([asked(first)])
        assert isinstance(begun, Sendable)
        turns: list[Turn] = [
            ended(begun, clock.now(), SendResult(outcome=Outcome.SUCCESS)),
            asked(second),
        ]
        with django_assert_num_queries(3):
            [nothing, follower] = take_turns(turns)
    assert nothing is None
    assert isinstance(follower, Sendable)
    assert (state_of(first), state_of(second)) == ("sent", "in_progress")
    assert first.deliveries.get().attempt_log.get().outcome == "success"


def asked(notification: Notification) -> Asked:
    return Asked(notification.deliveries.get().pk, 1)
