"""Two that see the same at the same time: each step begins once."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection, transaction

from notifications.api import Fallback, cancel
from notifications.models import LadderStep, Notification
from notifications.sending.pipeline.fallback.advancing import advance
from notifications.sending.pipeline.settle import settle
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.sending.pipeline.fallback.conftest import (
    MAIL,
    outline,
    send_code,
    state_of,
    steps,
)
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply
from tests.support.sessions import waits_for_a_lock
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

REFUSED = Reply(400, body=b'{"code": 21211}')
BY_MAIL = [Fallback(channel="email", to=MAIL)]


def failed(receiver: Receiver) -> Notification:
    """Give a notification whose SMS has failed, and whose mail has not begun."""
    receiver.plan(REFUSED)
    notification = send_code(fallback=BY_MAIL)
    run_due(max_tasks=1)
    assert outline(notification) == [("sms", "failed")]
    return notification


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        with closing(connection):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_many_looks_at_once_make_one_delivery(receiver: Receiver, mail_server: MailServer) -> None:
    notification = failed(receiver)
    start = threading.Barrier(8)

    def look() -> None:
        start.wait(30)
        advance(notification.pk)

    threads = [in_thread(look) for _ in range(8)]
    for thread in threads:
        thread.join(60)
    run_due()
    assert outline(notification) == [("sms", "failed"), ("email", "sent")]
    assert len(mail_server.messages) == 1


def test_a_look_that_comes_second_to_a_cancellation_begins_nothing(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = failed(receiver)
    with transaction.atomic():
        assert cancel(notification.pk, reason="enough")
        thread = in_thread(lambda: advance(notification.pk))
        wait_until(waits_for_a_lock, what="the look to wait for the cancellation")
    thread.join(60)
    run_due()
    assert outline(notification) == [("sms", "failed")]
    assert mail_server.messages == []
    assert steps(notification) == [("skipped", "enough")]


def test_a_cancellation_that_comes_second_takes_the_new_delivery_back(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = failed(receiver)
    with transaction.atomic():
        advance(notification.pk)
        thread = in_thread(lambda: cancel(notification.pk, reason="enough"))
        wait_until(waits_for_a_lock, what="the cancellation to wait for the look")
    thread.join(60)
    run_due()
    assert state_of(notification) == "cancelled"
    assert outline(notification) == [("sms", "failed"), ("email", "cancelled")]
    assert mail_server.messages == []
    assert notification.secret_context == ""


def test_a_step_that_somebody_has_begun_is_not_begun_from_an_old_look(
    receiver: Receiver, mail_server: MailServer
) -> None:
    """Whoever looked before the other's commit finds the row moved."""
    notification = failed(receiver)
    with transaction.atomic():
        LadderStep.objects.filter(notification=notification).select_for_update().get()
        thread = in_thread(lambda: advance(notification.pk))
        wait_until(waits_for_a_lock, what="the look to wait for the step")
        LadderStep.objects.filter(notification=notification).update(
            state="skipped", reason="somebody else"
        )
    thread.join(60)
    run_due()
    assert outline(notification) == [("sms", "failed")]
    assert mail_server.messages == []


def test_settling_again_and_again_changes_nothing(
    receiver: Receiver, mail_server: MailServer
) -> None:
    notification = failed(receiver)
    for _ in range(3):
        settle([notification.pk])
    run_due()
    for _ in range(3):
        settle([notification.pk])
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        run_due()
    assert outline(notification) == [("sms", "failed"), ("email", "sent")]
    assert len(mail_server.messages) == 1
    assert state_of(notification) == "sent"
