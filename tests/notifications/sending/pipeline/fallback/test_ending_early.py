"""Ladders of messages that end before their first delivery, and what is left of them later."""

from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from notifications import conditions
from notifications.api import Fallback, condition, suppress
from notifications.models import Delivery, LadderStep, Notification, ProviderEvent
from notifications.privacy.retention.clean_up import clean_up
from notifications.provider_events.consequences import follow_delivery
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.conftest import NUMBER
from tests.notifications.sending.pipeline.fallback.conftest import (
    MAIL,
    outline,
    send_code,
    send_plain,
    state_of,
    steps,
)
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

BY_MAIL = [Fallback(channel="email", to=MAIL)]


def test_what_must_not_be_sent_at_all_goes_by_no_other_channel(
    receiver: Receiver, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "_predicates", dict(conditions._predicates))
    condition("never")(lambda: False)
    notification = send_plain(fallback=BY_MAIL, condition="never")
    run_due()
    assert (receiver.received, mail_server.messages) == ([], [])
    assert outline(notification) == [("sms", "suppressed")]
    assert state_of(notification) == "suppressed"
    assert steps(notification) == [("skipped", "its condition 'never' does not hold any more")]


def test_a_suppressed_number_and_a_timer_make_one_mail(
    receiver: Receiver, mail_server: MailServer
) -> None:
    suppress("sms", NUMBER, reason="manual", source="test")
    ladder = [Fallback(channel="email", to=MAIL, after=timedelta(minutes=1))]
    notification = send_code(fallback=ladder)
    run_due()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        run_due()
    assert len(mail_server.messages) == 1
    assert outline(notification) == [("sms", "suppressed"), ("email", "sent")]
    assert notification.ladder_steps.get().reason == "the delivery before it is suppressed"


def test_a_message_whose_first_task_is_cancelled_has_no_steps_left(receiver: Receiver) -> None:
    with ahead_of_time() as soon:
        notification = send_code(fallback=BY_MAIL, run_after=soon)
    tasks_core.cancel(Task.objects.get().pk, reason="enough")
    assert state_of(notification) == "cancelled"
    assert steps(notification) == [("skipped", "the notification is cancelled")]


def test_a_message_whose_only_task_is_cancelled_has_no_steps_left(receiver: Receiver) -> None:
    notification = send_code(fallback=BY_MAIL)
    tasks_core.cancel(Task.objects.get().pk, reason="enough")
    assert state_of(notification) == "cancelled"
    assert steps(notification) == [("skipped", "the delivery before it is cancelled")]


@pytest.mark.parametrize(
    ("is_at_once", "reason"),
    [(False, "the notification is expired"), (True, "the delivery before it is expired")],
)
def test_a_message_that_expires_before_it_begins_has_no_steps_left(
    receiver: Receiver, mail_server: MailServer, is_at_once: bool, reason: str
) -> None:
    with ahead_of_time() as soon:
        run_after = None if is_at_once else soon
        notification = send_code(seconds=30, fallback=BY_MAIL, run_after=run_after)
    step = Task.objects.get()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        tasks_core.enqueue(step.task_type, step.payload, inner=True)
        run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "expired"
    assert steps(notification) == [("skipped", reason)]


def test_a_delivery_that_an_operator_cancels_is_not_replaced(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(503))
    notification = send_code(fallback=BY_MAIL)
    run_due()
    [task] = Task.objects.unfinished().filter(task_type="notification.deliver.sms")
    tasks_core.cancel(task.pk, reason="enough")
    run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "cancelled"
    assert steps(notification) == [("skipped", "the delivery before it is cancelled")]


def test_retention_removes_steps_with_their_notification(
    receiver: Receiver, mail_server: MailServer, settings: Settings
) -> None:
    receiver.plan(Reply(400, body=b"{}"))
    send_plain(fallback=BY_MAIL)
    run_due()
    assert Delivery.objects.count() == 2
    with clock.frozen(clock.now() + timedelta(days=366)):
        while clean_up():
            pass
    assert not Notification.objects.exists()
    assert not LadderStep.objects.exists()


def test_a_late_bounce_begins_nothing_when_the_variables_were_removed(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = send_plain(to=MAIL, fallback=[Fallback(channel="sms", to=NUMBER)])
    run_due()
    with clock.frozen(clock.now() + timedelta(days=40)):
        while clean_up():
            pass
        event = ProviderEvent(source="acme", kind="bounced", occurred_at=clock.now())
        assert follow_delivery(event, notification.deliveries.get())
        run_due()
    assert receiver.received == []
    assert state_of(notification) == "failed"
    assert steps(notification) == [("skipped", "its content is no longer kept")]
