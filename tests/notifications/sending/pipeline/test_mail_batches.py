"""Mails of a batch that are under way together: what is on record of each, whatever happens to the others."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from notifications.api import Message, notify, notify_many
from notifications.models import Delivery, DeliveryAttempt, Notification, TemplateVersion
from notifications.sending.channels.email.connection import connection as mail
from notifications.sending.channels.email.stream import MailStream
from notifications.sending.pipeline import deliver_batch as batches
from notifications.sending.pipeline.deliver_batch import deliver_batch
from notifications.task_payloads import DeliveryStep
from tasks_core import BatchItem, Snooze, TaskContext, clock
from tasks_core.models import DeadLetter, Task
from tasks_core.registry import get_task_type
from tasks_core.sql.claim import claim
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.testing import run_due
from tasks_core.worker.executor import execute
from tests.notifications.sending.channels.scripted_mail_server import (
    CLOSE,
    HANG,
    ScriptedMailServer,
    serving,
)
from tests.support.spans import fact, parent_of, recorded_spans, span_id
from tests.support.waiting import wait_until
from tests.tasks_core.logs.lines import caught

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "notification.deliver.email"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_pause_to_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, the mails of a batch stay under way together."""
    monkeypatch.setattr(batches, "RECORD_SECONDS", 60.0)


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedMailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "Bank <bank@bank.example>"
    server = ScriptedMailServer()
    mail.drop()
    with serving(server) as settings.EMAIL_PORT:
        yield server
        mail.drop()


def send(count: int) -> list[Notification]:
    context = {"name": "Ada", "amount": "1.00"}
    messages = [
        Message(to=f"u{n}@example.com", context={**context, "number": n})
        for n in range(1, count + 1)
    ]
    return notify_many("receipt", messages)


def send_codes(*codes: str) -> None:
    for number, code in enumerate(codes, 1):
        notify(
            "one-time-code",
            to=f"u{number}@example.com",
            category="otp",
            context={"name": "Ada"},
            secret_context={"code": code},
            expires_at=clock.now() + HOUR,
        )


def taken() -> list[int]:
    """Queue what is due."""
    now = clock.now()
    tasks = take_due([(lane, 1_000) for lane in waiting_lanes()], [EMAIL], now=now)
    return sorted(task.id for task in tasks)


def run_batch() -> None:
    """Run what is due as one message, as a worker gets it."""
    execute(EMAIL, taken(), worker="test")


def items() -> list[BatchItem[DeliveryStep]]:
    """Claim what is due, as the executor does before it calls the handler."""
    now = clock.now()
    claimed = claim(taken(), task_type=EMAIL, worker="test", lease_until=now + HOUR, now=now)
    registered = get_task_type(EMAIL)
    return [
        BatchItem(
            DeliveryStep.model_validate(task.payload),
            TaskContext(task, registered, max_attempts=8),
        )
        for task in sorted(claimed, key=lambda task: task.id)
    ]


def log() -> list[tuple[str, str]]:
    """State and last outcome of each delivery, in order."""
    return [
        (
            delivery.state,
            delivery.attempt_log.order_by("-number").values_list("outcome", flat=True)[0],
        )
        for delivery in Delivery.objects.order_by("id")
    ]


@pytest.mark.guarantee(n=2)
@pytest.mark.guarantee(n=6)
def test_what_becomes_of_each_is_on_record_under_its_own_name(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    server.script = {
        ("rcpt", 2): "550 5.1.1 unknown",
        ("data", 2): "503 no",
        ("content", 4): "451 later",
        ("content", 5): CLOSE,
    }
    send(7)
    run_batch()
    assert log() == [
        ("sent", "success"),
        ("failed", "permanent"),
        ("sent", "success"),
        ("sending", "transient"),
        ("sending", "ambiguous"),
        ("sending", "transient"),
        ("sent", "success"),
    ]
    states = list(Task.objects.order_by("id").values_list("state", flat=True))
    assert [state == "SUCCEEDED" for state in states] == [one[0] == "sent" for one in log()]
    assert "550: 5.1.1 unknown" in DeadLetter.objects.get().message
    assert Delivery.objects.order_by("id")[3].error == "the mail server answered 451: later"
    with clock.frozen(clock.now() + 2 * HOUR):
        run_due()
    assert sorted(server.subjects) == [f"Receipt {n}" for n in (1, 3, 4, 5, 6, 7)]
    assert Notification.objects.filter(state="sent").count() == 6
    assert not DeliveryAttempt.objects.filter(finished_at=None).exists()


def test_a_mail_that_expires_before_its_content_is_on_record_as_expired(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    begin = clock.now()
    elapsed = [0.0]

    def slow() -> str:
        elapsed[0] = 90.0
        return "250 ok"

    server.script = {("rcpt", 2): slow}
    with clock.frozen(lambda: begin + timedelta(seconds=elapsed[0])):
        send(3)
        Notification.objects.filter(address="u2@example.com").update(
            expires_at=begin + timedelta(seconds=60)
        )
        run_batch()
    assert log() == [("sent", "success"), ("expired", "expired"), ("sent", "success")]
    assert server.subjects == ["Receipt 1", "Receipt 3"]


@pytest.mark.parametrize(("slow", "durations"), [(1, [10.0, 10.0]), (2, [0.0, 10.0])])
def test_times_are_those_of_each_mail(
    receipt: TemplateVersion, server: ScriptedMailServer, slow: int, durations: list[float]
) -> None:
    begin = clock.now()
    elapsed = [0.0]

    def take_a_while() -> str:
        elapsed[0] = 10.0
        return "250 ok"

    server.script = {("content", slow): take_a_while}
    with clock.frozen(lambda: begin + timedelta(seconds=elapsed[0])):
        send(2)
        run_batch()
    # The second is begun before the content of the first goes out.
    found = DeliveryAttempt.objects.order_by("delivery_id").values_list("duration", flat=True)
    assert list(found) == durations


@pytest.mark.guarantee(n=4)
def test_of_a_server_that_quotes_codes_only_its_own_codes_are_kept(
    code_template: TemplateVersion, server: ScriptedMailServer
) -> None:
    server.script = {
        ("content", 1): "554 5.7.1 no 471101",
        ("rcpt", 2): "450 4.2.0 not 471102",
        ("data", 2): "503 no",
        ("content", 3): "451 4.3.0 not 471103",
    }
    send_codes("471101", "471102", "471103", "471104")
    with caught() as lines:
        run_batch()
        logging.getLogger("some.library").info("afterwards")
    assert [one[1] for one in log()] == ["permanent", "transient", "transient", "success"]
    kept = repr(
        [
            *DeliveryAttempt.objects.values_list("error", "request", "response"),
            *Task.objects.values_list("error", "result"),
            *Delivery.objects.values_list("error", flat=True),
        ]
    )
    assert "the mail server answered 554: 5.7.1'" in kept
    assert "47110" not in kept
    assert "47110" not in lines.text
    assert b"471104" in server.contents[0]


def test_each_mail_has_a_span_of_its_own_attempt(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    server.script = {("content", 2): "554 spam", ("rcpt", 4): CLOSE}
    with recorded_spans() as spans:
        send(4)
        run_batch()
    deliveries = {fact(one, "bellringer.delivery.id"): one for one in spans.all("delivery email")}
    ids = list(Delivery.objects.order_by("id").values_list("id", flat=True))
    found = [deliveries[pk] for pk in ids]
    assert [fact(one, "bellringer.delivery.outcome") for one in found] == [
        "success",
        "permanent",
        "success",
        "transient",
    ]
    assert [fact(one, "bellringer.delivery.status_code") for one in found] == [250, 554, 250, None]
    attempts = {span_id(one) for one in spans.all(f"attempt {EMAIL}")}
    assert {parent_of(one) for one in found} == attempts
    assert len(attempts) == 4
    assert [one.status.status_code.name for one in found] == ["UNSET", "ERROR", "UNSET", "ERROR"]


def test_a_hundred_mails_take_few_statements(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    send(1)
    run_batch()  # makes the keys that there must be
    send(200)
    ids = taken()
    with CaptureQueriesContext(connection) as queries:
        execute(EMAIL, ids, worker="test")
    assert Notification.objects.filter(state="sent").count() == 201
    made = [one["sql"] for one in queries if "notifications_" in one["sql"]]
    # To screen: whom it is for, and who is on the suppression list; to begin; to record.
    chunks = 200 / batches.BEGUN_TOGETHER
    assert len(made) == 4 * chunks, "\n".join(made)


def test_one_that_is_cancelled_before_its_turn_is_given_back_and_the_others_are_sent(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    send(4)
    batch = items()

    def cancel_the_fourth() -> str:
        batch[3].context.tell_cancelled()
        return "250 ok"

    server.script = {("rcpt", 1): cancel_the_fourth}
    answers = list(deliver_batch(batch, MailStream()))
    assert answers[:3] == [{"state": "sent"}] * 3
    assert isinstance(answers[3], Snooze)
    assert server.subjects == [f"Receipt {n}" for n in (1, 2, 3)]
    fourth = Delivery.objects.order_by("id")[3]
    assert (fourth.attempts, fourth.attempt_log.count()) == (0, 0)


def test_nothing_is_under_way_while_the_results_of_others_are_taken(
    receipt: TemplateVersion, server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "RECORD_SECONDS", 0.0)
    send(5)
    answers = deliver_batch(items(), MailStream())
    for number in range(1, 4):
        assert next(answers) == {"state": "sent"}
        assert len(server.subjects) == number
        assert Delivery.objects.filter(state="sent").count() == number
    answers.close()  # type: ignore[attr-defined]
    # Those whose turn did not come are as if they had not begun.
    attempts = Delivery.objects.order_by("id").values_list("attempts", flat=True)
    assert list(attempts) == [1, 1, 1, 0, 0]
    assert DeliveryAttempt.objects.count() == 3
    assert server.connections == 1


class Stopped(BaseException):
    """What stops a process in the middle of something."""


def test_a_batch_that_is_stopped_gives_back_what_was_not_handed_over(
    receipt: TemplateVersion, server: ScriptedMailServer
) -> None:
    send(6)
    batch = items()

    class StoppedByTheThird(MailStream):
        def hand_over(self, sendable: Any, tell: Any) -> None:
            if sendable.delivery_id == batch[2].payload.delivery:
                raise Stopped
            super().hand_over(sendable, tell)

    with pytest.raises(Stopped):
        list(deliver_batch(batch, StoppedByTheThird()))
    attempts = Delivery.objects.order_by("id").values_list("attempts", flat=True)
    assert list(attempts) == [1, 1, 0, 0, 0, 0]
    # What may have arrived is on record as such by the next attempt.
    assert DeliveryAttempt.objects.filter(finished_at=None).count() == 2
    assert list(deliver_batch(batch, MailStream())) == [{"state": "sent"}] * 6
    outcomes = DeliveryAttempt.objects.order_by("delivery_id", "number")
    assert list(outcomes.values_list("outcome", flat=True)) == [
        *(["ambiguous", "success"] * 2),
        *(["success"] * 4),
    ]


def test_a_server_that_falls_silent_does_not_fail_those_before_it(
    receipt: TemplateVersion, server: ScriptedMailServer, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    server.script = {("content", 3): HANG}
    send(5)
    run_batch()
    assert [one[1] for one in log()] == ["success", "success", "ambiguous", "transient", "success"]


@pytest.mark.guarantee(n=2)
def test_what_was_sent_is_on_record_though_the_database_has_closed_the_session(
    receipt: TemplateVersion, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.EMAIL_BACKEND = "tests.support.cutting_backend.EmailBackend"
    mail.drop()
    send(1)

    run_batch()

    assert len(mailoutbox) == 1
    wait_until(lambda: log() == [("sent", "success")])
    wait_until(lambda: set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"})
    assert set(Task.objects.values_list("attempts", flat=True)) == {1}
