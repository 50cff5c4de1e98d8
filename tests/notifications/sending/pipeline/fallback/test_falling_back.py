"""Point 17, the ladder: one notification, and the next channel when the one before has failed."""

from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from notifications.api import (
    Fallback,
    cancel,
    erase,
    forget_code,
    publish_template,
    resend,
    save_category,
    save_recipient,
    set_preference,
    suppress,
)
from notifications.models import Delivery, LadderStep, LimitCounter, Notification
from notifications.sending.pipeline.fallback.beginning import begin_step
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.codes.test_one_time_codes import whole_database
from tests.notifications.sending.conftest import NUMBER
from tests.notifications.sending.pipeline.fallback.conftest import (
    CODE,
    MAIL,
    outline,
    send_code,
    send_plain,
    state_of,
    steps,
)
from tests.support.mail_server import MailServer, text_of
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

REFUSED = Reply(400, body=b'{"code": 21211, "message": "no such number"}')
BY_MAIL = [Fallback(channel="email", to=MAIL)]


def test_point_17_the_code_goes_by_mail_at_once_when_the_sms_is_refused(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due()
    [message] = mail_server.messages
    assert text_of(message) == f"By mail: {CODE}."
    assert outline(notification) == [("sms", "failed"), ("email", "sent")]
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    assert steps(notification) == [("begun", "the delivery before it is failed")]
    assert CODE not in whole_database()


def test_nothing_follows_a_message_that_was_sent(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(201, body=b'{"sid": "SM1"}'))
    notification = send_code(fallback=BY_MAIL)
    run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    assert steps(notification) == [("unneeded", "it was sent")]
    assert not Task.objects.unfinished().exists()


def test_the_secret_lives_as_long_as_a_step_may_need_it(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    mail_server.refusals.append("450 busy")
    notification = send_code(fallback=BY_MAIL)
    run_due()
    assert state_of(notification) == "in_progress"
    assert notification.secret_context
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        run_due()
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""


def test_it_fails_when_the_last_step_has_failed(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    mail_server.refusals.append("550 unknown")
    notification = send_code(fallback=BY_MAIL)
    run_due()
    assert outline(notification) == [("sms", "failed"), ("email", "failed")]
    assert state_of(notification) == "failed"
    assert notification.secret_context == ""


def test_steps_follow_in_their_order(receiver: Receiver, mail_server: MailServer) -> None:
    receiver.plan(REFUSED, REFUSED)
    ladder = [Fallback(channel="sms", to="+4915112345679"), Fallback(channel="email", to=MAIL)]
    notification = send_plain(fallback=ladder)
    run_due()
    assert outline(notification) == [("sms", "failed"), ("sms", "failed"), ("email", "sent")]
    assert state_of(notification) == "sent"


def test_a_recipient_is_reached_at_the_address_of_each_channel(
    receiver: Receiver, mail_server: MailServer
) -> None:
    save_recipient("user-17", sms=NUMBER, email=MAIL, locale="de")
    publish_template("login", locale="de", subject="Code", text="Per Mail: {{ code }}.")
    receiver.plan(REFUSED)
    send_code(to="user-17", channel="sms", fallback=["email"])
    run_due()
    [message] = mail_server.messages
    assert (message["To"], text_of(message)) == (MAIL, f"Per Mail: {CODE}.")


def test_a_channel_that_the_recipient_switched_off_is_passed_over(
    receiver: Receiver, mail_server: MailServer
) -> None:
    ada = save_recipient("user-17", sms=NUMBER, email=MAIL)
    save_category("news", name="News")
    set_preference(ada, False, category="news", channel="sms")
    notification = send_plain(to="user-17", channel="sms", category="news", fallback=["email"])
    run_due()
    assert receiver.received == []
    assert outline(notification) == [("sms", "suppressed"), ("email", "sent")]
    assert state_of(notification) == "sent"
    assert notification.reason == ""


def test_each_step_is_screened_for_its_own_address(
    receiver: Receiver, mail_server: MailServer
) -> None:
    suppress("email", MAIL, reason="manual", source="test")
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due()
    assert mail_server.messages == []
    assert outline(notification) == [("sms", "failed"), ("email", "suppressed")]
    assert state_of(notification) == "failed"


def test_an_address_suppressed_after_it_was_scheduled_is_passed_over(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = send_code(fallback=BY_MAIL)
    assert outline(notification) == [("sms", "rendered")]
    suppress("sms", NUMBER, reason="manual", source="test")
    run_due()
    assert outline(notification) == [("sms", "suppressed"), ("email", "sent")]


def test_what_was_cancelled_does_not_fall_back(receiver: Receiver, mail_server: MailServer) -> None:
    receiver.plan(Reply(503))
    notification = send_code(fallback=BY_MAIL)
    run_due()
    assert cancel(notification.pk, reason="entered by hand")
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "cancelled"
    assert steps(notification) == [("skipped", "entered by hand")]


def test_a_newer_code_ends_the_ladder_of_the_older_one(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(503), Reply(201, body=b'{"sid": "SM2"}'))
    older = send_code(fallback=BY_MAIL, supersede_key="login-ada")
    run_due()
    send_code(fallback=BY_MAIL, supersede_key="login-ada")
    run_due()
    assert mail_server.messages == []
    assert state_of(older) == "cancelled"
    assert steps(older) == [("skipped", "superseded by a newer notification")]


def test_nothing_begins_after_the_message_has_expired(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due(max_tasks=1)
    assert outline(notification) == [("sms", "failed")]
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        run_due()
    assert mail_server.messages == []
    assert steps(notification) == [("skipped", "the notification expired")]
    assert state_of(notification) == "failed"
    assert notification.secret_context == ""


def test_a_code_that_was_used_goes_nowhere_else(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(201, body=b'{"sid": "SM1"}'))
    ladder = [
        Fallback(channel="email", to=MAIL, after=timedelta(minutes=1), until="delivered"),
    ]
    notification = send_code(fallback=ladder)
    run_due()
    assert state_of(notification) == "in_progress"
    assert forget_code(notification.pk)
    assert not forget_code(notification.pk)
    assert state_of(notification) == "sent"
    assert notification.secret_context == ""
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        run_due()
    assert mail_server.messages == []


def test_sending_again_begins_the_ladder_anew(receiver: Receiver, mail_server: MailServer) -> None:
    receiver.plan(Reply(201, body=b'{"sid": "SM1"}'), REFUSED)
    ladder = [
        Fallback(channel="email", to=MAIL, after=timedelta(minutes=5), until="delivered"),
    ]
    first = send_code(fallback=ladder, resends=1)
    run_due()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        again = resend(first)
        run_due()
    assert steps(first) == [("skipped", "sent again by a newer notification")]
    assert state_of(first) == "sent"
    assert outline(again) == [("sms", "failed"), ("email", "sent")]
    assert len(mail_server.messages) == 1


def test_sending_again_by_another_channel_leaves_no_ladder_behind(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(201, body=b'{"sid": "SM1"}'))
    ladder = [
        Fallback(channel="email", to=MAIL, after=timedelta(minutes=5), until="delivered"),
    ]
    first = send_code(fallback=ladder, resends=1)
    run_due()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        again = resend(first, to=MAIL)
        run_due()
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        run_due()
    assert len(mail_server.messages) == 1
    assert not again.has_fallback


def test_erasing_a_fallback_address_ends_the_ladder(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(Reply(503))
    notification = send_code(fallback=BY_MAIL)
    run_due()
    erase(address=MAIL)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        run_due()
    assert mail_server.messages == []
    assert state_of(notification) == "cancelled"
    assert MAIL not in whole_database()


def test_limits_count_the_sms_when_it_is_made(
    receiver: Receiver, mail_server: MailServer, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SMS_COUNTRY_LIMITS": ["DE=1/1h"]}
    mail_server.refusals.extend(["550 unknown", "550 unknown"])
    ladder = [Fallback(channel="sms", to=NUMBER)]
    first = send_plain(to=MAIL, fallback=ladder)
    second = send_plain(to=MAIL, fallback=ladder)
    assert not LimitCounter.objects.filter(name="sms_country").exists()
    run_due()
    assert LimitCounter.objects.get(name="sms_country").used == 1
    assert outline(first) == [("email", "failed"), ("sms", "sent")]
    assert outline(second) == [("email", "failed"), ("sms", "suppressed")]
    assert "limit sms_country" in second.deliveries.get(channel="sms").error
    assert state_of(second) == "failed"
    assert len(receiver.received) == 1


def test_a_lost_race_for_a_step_changes_nothing(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due(max_tasks=1)
    assert begin_step(notification.pk, 1, "first", clock.now())
    assert not begin_step(notification.pk, 1, "second", clock.now())
    run_due()
    assert len(mail_server.messages) == 1
    assert steps(notification) == [("begun", "first")]


def test_a_task_of_the_ladder_that_is_cancelled_ends_it(
    receiver: Receiver, mail_server: MailServer
) -> None:
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due(max_tasks=1)
    tasks_core.cancel(Task.objects.unfinished().get().pk, reason="enough")
    assert state_of(notification) == "failed"
    assert steps(notification) == [("skipped", "the task of the fallback was cancelled")]
    assert notification.secret_context == ""


def test_a_message_without_a_ladder_has_no_steps(receiver: Receiver) -> None:
    receiver.plan(REFUSED)
    notification = send_code()
    run_due()
    assert state_of(notification) == "failed"
    assert not LadderStep.objects.exists()
    assert not Task.objects.filter(task_type="notification.fall_back").exists()
    assert Delivery.objects.count() == Notification.objects.count() == 1
