"""From notify to a real mail server, through the platform's own claim and finish."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

import tasks_core
from notifications.api import Message, cancel, notify, notify_many, publish_template
from notifications.channel_api.sendable import Sendable
from notifications.models import Delivery, DeliveryAttempt, Notification, TemplateVersion
from notifications.rules.outcome import SendResult
from notifications.sending.channels.email.send import send as send_email
from notifications.sending.pipeline.begin import begin
from notifications.sending.pipeline.deliver import deliver
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer, text_of

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"number": 7, "name": "<Ada>", "amount": "12.5"}
MINUTE = timedelta(minutes=1)


def send(**options: Any) -> Notification:
    return notify("receipt", to="ada@example.com", context=GOOD, **options)


def send_by_first_step(**options: Any) -> Notification:
    with ahead_of_time() as soon:
        return send(run_after=soon, **options)


def tasks() -> list[tuple[str, str, str]]:
    """Type, queue and correlation id of each task, in order."""
    found = Task.objects.order_by("id")
    return list(found.values_list("task_type", "queue_name", "correlation_id"))


def test_a_message_reaches_the_mail_server(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send(correlation_id="order-7")
    assert run_due() == 1
    [mail] = mail_server.messages
    assert mail["Subject"] == "Receipt 7"
    assert mail["To"] == "ada@example.com"
    assert mail["From"] == "Bank <bank@bank.example>"
    assert text_of(mail) == "Dear <Ada>, thank you for 12.50 EUR."
    assert text_of(mail, "html") == "<p>Dear &lt;Ada&gt;</p>"
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state, delivery.attempts) == ("sent", "sent", 1)
    assert delivery.sent_at is not None
    assert mail["Message-ID"] == f"<{delivery.message_id}@bank.example>"
    [attempt] = delivery.attempt_log.all()
    assert (attempt.number, attempt.outcome, attempt.status_code) == (1, "success", 250)
    assert attempt.request["to"] == "ada@example.com"
    assert 0 < (attempt.duration or 0) < 20
    assert tasks() == [("notification.deliver.email", "email", "order-7")]


def test_an_international_domain_is_that_of_todays_standard(
    receipt: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Bank <bank@fa\u00df.example>"
    notify("receipt", to="ada@fa\u00df.example", context=GOOD)
    run_due()
    [mail] = mail_server.messages
    assert mail["To"] == "ada@xn--fa-hia.example"
    assert mail["From"] == "Bank <bank@xn--fa-hia.example>"
    assert mail["Message-ID"].endswith("@xn--fa-hia.example>")


def test_a_message_that_is_due_later_takes_two_steps(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_by_first_step(correlation_id="order-7")
    assert run_due() == 2
    [mail] = mail_server.messages
    assert mail["Subject"] == "Receipt 7"
    assert text_of(mail) == "Dear <Ada>, thank you for 12.50 EUR."
    assert text_of(mail, "html") == "<p>Dear &lt;Ada&gt;</p>"
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state, delivery.attempts) == ("sent", "sent", 1)
    assert tasks() == [
        ("notification.schedule", "notifications", "order-7"),
        ("notification.deliver.email", "email", "order-7"),
    ]


def test_many_messages_share_one_connection(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notify_many("receipt", [Message(to=f"u{i}@example.com", context=GOOD) for i in range(10)])
    run_due()
    assert len(mail_server.messages) == 10
    assert mail_server.connections == 1


def test_a_connection_that_the_server_closed_is_replaced_before_a_message_is_lost_to_it(
    receipt: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "EMAIL_IDLE_CHECK": 0.0}
    send()
    run_due()
    mail_server.hang_up()
    send()
    run_due()
    assert len(mail_server.messages) == 2
    assert mail_server.connections == 2
    assert set(DeliveryAttempt.objects.values_list("outcome", flat=True)) == {"success"}


@pytest.mark.guarantee(n=2)
@pytest.mark.guarantee(n=6)
def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.replies.append("451 4.3.0 try later")
    notification = send()
    run_due()
    delivery = notification.deliveries.get()
    assert (delivery.state, delivery.attempts) == ("sending", 1)
    assert delivery.error == "the mail server answered 451: 4.3.0 try later"
    with clock.frozen(datetime.now(UTC) + 60 * MINUTE):
        run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"
    outcomes = DeliveryAttempt.objects.order_by("number").values_list("outcome", "status_code")
    assert list(outcomes) == [("transient", 451), ("success", 250)]
    assert mail_server.messages[0]["Message-ID"] == f"<{delivery.message_id}@bank.example>"


@pytest.mark.guarantee(n=6)
def test_a_permanent_refusal_ends_in_a_dead_letter(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 5.1.1 no such user")
    notification = send()
    run_due()
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state) == ("failed", "failed")
    assert delivery.finished_at is not None
    assert delivery.attempt_log.get().outcome == "permanent"
    assert "550: 5.1.1 no such user" in DeadLetter.objects.get().message


@pytest.mark.guarantee(n=6)
@pytest.mark.guarantee(n=7)
def test_attempts_that_are_used_up_end_in_a_dead_letter(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.extend(["450 busy"] * 20)
    notification = send()
    for hours in range(0, 50, 2):
        with clock.frozen(datetime.now(UTC) + timedelta(hours=hours)):
            run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert notification.deliveries.get().attempts == 8
    assert DeadLetter.objects.count() == 1


@pytest.mark.guarantee(n=7)
def test_a_replayed_dead_letter_sends_the_same_message(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 mailbox unavailable")
    notification = send()
    run_due()
    failed = notification.deliveries.get()
    tasks_core.replay(DeadLetter.objects.get().pk)
    run_due()
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state, delivery.attempts) == ("sent", "sent", 2)
    assert delivery.message_id == failed.message_id
    assert len(mail_server.messages) == 1


def test_a_server_that_cannot_be_reached_is_tried_again(
    receipt: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_PORT = 1
    notification = send()
    run_due()
    assert notification.deliveries.get().attempt_log.get().outcome == "transient"
    settings.EMAIL_PORT = mail_server.port
    with clock.frozen(datetime.now(UTC) + 60 * MINUTE):
        run_due()
    assert len(mail_server.messages) == 1


@pytest.mark.guarantee(n=6)
def test_a_server_that_falls_silent_leaves_an_ambiguous_attempt(
    receipt: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    mail_server.silent_for = 1.0
    notification = send()
    run_due()
    attempt = notification.deliveries.get().attempt_log.get()
    assert attempt.outcome == "ambiguous"
    assert attempt.error == "the connection failed (SMTPServerDisconnected)"


def test_a_template_that_fails_on_these_values_ends_the_notification(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_by_first_step()
    Notification.objects.filter(pk=notification.pk).update(context={"name": "Ada"})
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert "the variable 'number' is not given" in notification.deliveries.get().error
    assert mail_server.messages == []


@pytest.mark.guarantee(n=1)
def test_a_message_waits_for_its_time(receipt: TemplateVersion, mail_server: MailServer) -> None:
    send(run_after=datetime.now(UTC) + 60 * MINUTE)
    assert run_due() == 0
    with clock.frozen(datetime.now(UTC) + 61 * MINUTE):
        assert run_due() == 2
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize("send", [send, send_by_first_step])
@pytest.mark.guarantee(n=13)
def test_a_version_published_later_does_not_change_an_accepted_message(
    receipt: TemplateVersion, mail_server: MailServer, send: Callable[[], Notification]
) -> None:
    send()
    publish_template("receipt", subject="New", text="New")
    run_due()
    assert mail_server.messages[0]["Subject"] == "Receipt 7"


@pytest.mark.parametrize("send", [send, send_by_first_step])
@pytest.mark.guarantee(n=2)
def test_running_every_step_twice_sends_once(
    receipt: TemplateVersion, mail_server: MailServer, send: Callable[[], Notification]
) -> None:
    notification = send()
    run_due()
    for task in Task.objects.order_by("id"):
        tasks_core.enqueue(task.task_type, task.payload, inner=True)
    run_due()
    assert len(mail_server.messages) == 1
    assert Delivery.objects.count() == 1
    assert notification.deliveries.get().attempts == 1


def test_a_cancelled_notification_is_not_sent(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send(run_after=datetime.now(UTC) + MINUTE)
    assert cancel(notification.pk, reason="paid in cash")
    assert not cancel(notification.pk, reason="again")
    with clock.frozen(datetime.now(UTC) + 2 * MINUTE):
        run_due()
    notification.refresh_from_db()
    assert (notification.state, notification.reason) == ("cancelled", "paid in cash")
    assert mail_server.messages == []


def test_cancelling_between_attempts_stops_the_next_one(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("450 busy")
    notification = send()
    run_due()
    cancel(notification.pk, reason="no longer needed")
    with clock.frozen(datetime.now(UTC) + 60 * MINUTE):
        run_due()
    assert notification.deliveries.get().state == "cancelled"
    assert mail_server.messages == []


def test_a_newer_message_with_the_same_key_supersedes_an_unsent_one(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    older = send(supersede_key="cart-1", run_after=datetime.now(UTC) + MINUTE)
    other = send(supersede_key="cart-2")
    newer = send(supersede_key="cart-1")
    with clock.frozen(datetime.now(UTC) + 2 * MINUTE):
        run_due()
    states = dict(Notification.objects.values_list("pk", "state"))
    assert states == {older.pk: "cancelled", other.pk: "sent", newer.pk: "sent"}
    assert len(mail_server.messages) == 2


@pytest.mark.parametrize(
    ("send", "steps_before", "step"),
    [
        (send, 0, "notification.deliver.email"),
        (send_by_first_step, 0, "notification.schedule"),
        (send_by_first_step, 1, "notification.deliver.email"),
    ],
)
def test_a_task_cancelled_by_an_operator_ends_its_notification(
    receipt: TemplateVersion,
    mail_server: MailServer,
    send: Callable[[], Notification],
    steps_before: int,
    step: str,
) -> None:
    notification = send()
    if steps_before:
        run_due(max_tasks=steps_before)
    tasks_core.cancel(Task.objects.get(task_type=step).pk, reason="stop")
    notification.refresh_from_db()
    assert notification.state == "cancelled"
    assert run_due() == 0
    assert mail_server.messages == []


@pytest.mark.guarantee(n=1)
def test_a_lost_worker_leaves_an_attempt_that_may_have_arrived(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send()
    delivery = notification.deliveries.get()
    task = Task.objects.get(task_type="notification.deliver.email")
    begin({delivery.pk: task.pk})
    run_due()
    outcomes = delivery.attempt_log.order_by("number").values_list("outcome", flat=True)
    assert list(outcomes) == ["ambiguous", "success"]
    assert len(mail_server.messages) == 1


def test_a_success_is_recorded_even_if_the_message_was_cancelled_meanwhile(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send()
    task = Task.objects.get(task_type="notification.deliver.email")
    delivery = notification.deliveries.get()

    def send_while_it_is_cancelled(sendable: Sendable) -> SendResult:
        cancel(notification.pk, reason="too late")
        return send_email(sendable)

    deliver(delivery.pk, task.pk, send_while_it_is_cancelled)
    notification.refresh_from_db()
    delivery.refresh_from_db()
    assert (notification.state, delivery.state) == ("sent", "sent")
    assert len(mail_server.messages) == 1
