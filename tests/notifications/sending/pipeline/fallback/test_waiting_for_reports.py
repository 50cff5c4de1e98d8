"""Point 17, the wait: a step that begins when what it waits for has not come in time."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from notifications.api import Fallback
from notifications.models import LadderStep, Notification
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.provider_events import EventKind
from notifications.sending.pipeline.fallback.advancing import advance
from tasks_core import Snooze, clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.provider_events.reports import document, post, registered
from tests.notifications.sending.conftest import NUMBER
from tests.notifications.sending.pipeline.fallback.conftest import (
    MAIL,
    outline,
    send_code,
    send_plain,
    state_of,
    steps,
)
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

TAKEN = Reply(201, body=b'{"sid": "SM1"}')
FIVE = timedelta(minutes=5)
UNLESS_DELIVERED = [Fallback(channel="email", to=MAIL, after=FIVE, until="delivered")]
UNLESS_SENT = [Fallback(channel="email", to=MAIL, after=FIVE)]


def report(notification: Notification, kind: EventKind, position: int = 0) -> None:
    delivery = notification.deliveries.order_by("pk")[position]
    record_report(
        Report(
            source="acme",
            event_id=f"{kind}-{delivery.pk}",
            kind=kind,
            channel=delivery.channel,
            occurred_at=clock.now(),
            message_id=delivery.message_id,
        )
    )


def due_at(notification: Notification) -> datetime:
    instant = LadderStep.objects.get(notification=notification).due_at
    assert instant is not None
    return instant


def test_point_17_the_mail_follows_when_the_sms_is_not_delivered_in_five_minutes(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    assert outline(notification) == [("sms", "sent")]
    assert state_of(notification) == "in_progress"
    assert notification.secret_context
    with clock.frozen(due_at(notification) - timedelta(seconds=1)):
        run_due()
    assert mail_server.messages == []
    with clock.frozen(due_at(notification)):
        run_due()
    assert len(mail_server.messages) == 1
    assert outline(notification) == [("sms", "sent"), ("email", "sent")]
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    assert steps(notification) == [("begun", "no earlier delivery was delivered in time")]


def test_no_mail_follows_when_the_gateway_reports_the_delivery(
    receiver: Receiver, mail_server: MailServer, client: Client
) -> None:
    registered(channel="sms")
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    post(client, document("delivered", message_id="SM1"))
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    assert steps(notification) == [("unneeded", "it was delivered")]
    with clock.frozen(due_at(notification)):
        run_due()
    assert mail_server.messages == []
    assert not Task.objects.unfinished().exists()


def test_the_mail_follows_at_once_when_the_gateway_reports_a_failure(
    receiver: Receiver, mail_server: MailServer, client: Client
) -> None:
    registered(channel="sms")
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    post(client, document("failed", message_id="SM1"))
    run_due()
    assert len(mail_server.messages) == 1
    assert outline(notification) == [("sms", "rejected"), ("email", "sent")]


def test_a_report_of_success_at_the_last_moment_wins_over_the_timer(
    receiver: Receiver, mail_server: MailServer
) -> None:
    """The timer's task is under way already, and looks after the report was recorded."""
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    with clock.frozen(due_at(notification)):
        report(notification, EventKind.DELIVERED)
        assert advance(notification.pk, 1) == "sent"
        run_due()
    assert mail_server.messages == []


def test_failure_and_timer_at_once_begin_the_step_once(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    with clock.frozen(due_at(notification)):
        report(notification, EventKind.BOUNCED)
        looks = Task.objects.unfinished().filter(task_type="notification.fall_back")
        assert looks.count() == 2
        run_due()
    assert len(mail_server.messages) == 1
    assert outline(notification) == [("sms", "bounced"), ("email", "sent")]


def test_a_timer_that_comes_early_asks_to_be_called_again(receiver: Receiver) -> None:
    receiver.plan(TAKEN)
    notification = send_code(fallback=UNLESS_DELIVERED)
    run_due()
    with pytest.raises(Snooze) as raised:
        advance(notification.pk, 1)
    assert 290 < raised.value.seconds <= 300


def test_a_gateway_that_is_down_for_five_minutes_is_given_up(
    receiver: Receiver, mail_server: MailServer
) -> None:
    """Once the mail has gone out nobody wants the SMS any more."""
    receiver.plan(*[Reply(503)] * 20)
    notification = send_plain(fallback=UNLESS_SENT)
    run_due()
    with clock.frozen(due_at(notification)):
        run_due()
    tried = len(receiver.received)
    with clock.frozen(due_at(notification) + timedelta(hours=1)):
        run_due()
    assert len(mail_server.messages) == 1
    assert len(receiver.received) == tried
    assert outline(notification) == [("sms", "suppressed"), ("email", "sent")]
    assert state_of(notification) == "sent"
    assert "no longer needed" in notification.deliveries.get(channel="sms").error


def test_the_wait_never_makes_the_message_live_longer(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(TAKEN)
    notification = send_code(seconds=60, fallback=UNLESS_DELIVERED)
    run_due()
    assert due_at(notification) == notification.expires_at
    with clock.frozen(due_at(notification)):
        run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    assert steps(notification) == [("skipped", "the notification expired")]


def test_each_step_waits_from_the_begin_of_the_one_before(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(TAKEN)
    ladder = [
        Fallback(channel="email", to=MAIL, after=FIVE, until="delivered"),
        Fallback(channel="sms", to="+4915112345679", after=FIVE, until="delivered"),
    ]
    notification = send_plain(fallback=ladder)
    run_due()
    start = clock.now()
    with clock.frozen(start + timedelta(minutes=6)):
        run_due()
    with clock.frozen(start + timedelta(minutes=10)):
        run_due()
    assert outline(notification) == [("sms", "sent"), ("email", "sent")]
    with clock.frozen(start + timedelta(minutes=11, seconds=1)):
        run_due()
    assert [channel for channel, _ in outline(notification)] == ["sms", "email", "sms"]
    assert state_of(notification) == "sent"


def test_a_failed_mail_goes_on_though_an_sms_was_sent_that_never_arrived(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(TAKEN)
    mail_server.refusals.append("550 unknown")
    ladder = [
        Fallback(channel="email", to=MAIL, after=FIVE, until="delivered"),
        Fallback(channel="sms", to="+4915112345679"),
    ]
    notification = send_plain(fallback=ladder)
    run_due()
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        run_due()
    assert outline(notification) == [("sms", "sent"), ("email", "failed"), ("sms", "sent")]


def test_a_late_bounce_begins_the_next_step(receiver: Receiver, mail_server: MailServer) -> None:
    notification = send_plain(to=MAIL, fallback=[Fallback(channel="sms", to=NUMBER)])
    run_due()
    assert (state_of(notification), receiver.received) == ("sent", [])
    with clock.frozen(clock.now() + timedelta(hours=3)):
        report(notification, EventKind.BOUNCED)
        assert state_of(notification) == "in_progress"
        run_due()
    assert outline(notification) == [("email", "bounced"), ("sms", "sent")]
    assert state_of(notification) == "sent"
    assert notification.finished_at is not None


def test_a_late_bounce_begins_nothing_where_the_secret_is_gone(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = send_code(to=MAIL, fallback=[Fallback(channel="sms", to=NUMBER)])
    run_due()
    report(notification, EventKind.BOUNCED)
    run_due()
    assert receiver.received == []
    assert state_of(notification) == "failed"
    assert steps(notification) == [("skipped", "its content is no longer kept")]


def test_a_late_bounce_begins_nothing_after_the_message_has_expired(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = send_plain(
        to=MAIL,
        fallback=[Fallback(channel="sms", to=NUMBER)],
        expires_at=clock.now() + timedelta(hours=1),
    )
    run_due()
    with clock.frozen(clock.now() + timedelta(hours=2)):
        report(notification, EventKind.BOUNCED)
        run_due()
    assert receiver.received == []
    assert state_of(notification) == "failed"
    assert steps(notification) == [("skipped", "the notification expired")]


def test_a_bounce_after_a_delivery_goes_on_as_well(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = send_plain(to=MAIL, fallback=[Fallback(channel="sms", to=NUMBER)])
    run_due()
    report(notification, EventKind.DELIVERED)
    run_due()
    assert receiver.received == []
    report(notification, EventKind.BOUNCED)
    run_due()
    assert outline(notification) == [("email", "bounced"), ("sms", "sent")]
