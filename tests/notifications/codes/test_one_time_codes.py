"""One-time codes: never late, never seen."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as project
from django.db import connection
from pytest_django import Settings

import tasks_core
from notifications.api import cancel, notify, publish_template
from notifications.keys import keyring
from notifications.models import Delivery, DeliveryAttempt, Notification, SealedKey, TemplateVersion
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.provider_events import Bounce, EventKind
from notifications.sending.channels.email.send import send as send_email
from notifications.sending.pipeline.deliver import deliver
from tasks_core import clock
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer, text_of
from tests.support.written_forms import forms_in, written

pytestmark = pytest.mark.django_db

CODE = "918273"
MINUTE = timedelta(minutes=1)


def send_code(**options: Any) -> Notification:
    terms: dict[str, Any] = {
        "expires_at": clock.now() + 5 * MINUTE,
        "category": "otp",
        "context": {"name": "Ada"},
        "secret_context": {"code": CODE},
    }
    return notify("one-time-code", to="ada@example.com", **{**terms, **options})


def send_code_by_first_step() -> Notification:
    with ahead_of_time() as soon:
        return send_code(run_after=soon)


def whole_database() -> str:
    """Give every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def whole_broker(broker: "redis.Redis") -> str:
    found = []
    for key in broker.scan_iter(f"{project.KEY_PREFIX}*"):
        kind = broker.type(key)
        value = broker.lrange(key, 0, -1) if kind == b"list" else broker.dump(key)
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


def assert_code_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    assert CODE not in whole_database()
    assert CODE not in caplog.text
    assert CODE not in repr(list(Notification.objects.all()))


@pytest.mark.parametrize("is_at_once", [True, False])
@pytest.mark.guarantee(n=4)
def test_the_code_arrives_and_is_found_nowhere_else(
    code_template: TemplateVersion,
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
    broker: "redis.Redis",
    is_at_once: bool,
) -> None:
    with caplog.at_level(logging.DEBUG):
        if is_at_once:
            notification = send_code()
        else:
            notification = send_code_by_first_step()
            assert_code_is_nowhere(caplog)
            run_due(max_tasks=1)
        assert notification.deliveries.get().state == "rendered"
        assert_code_is_nowhere(caplog)
        assert CODE not in whole_broker(broker)
        run_due()
    [mail] = mail_server.messages
    assert mail["Subject"] == f"Your code is {CODE}"
    assert text_of(mail) == f"Hello Ada, your code is {CODE}."
    assert_code_is_nowhere(caplog)
    assert CODE not in whole_broker(broker)
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert notification.is_secret
    assert notification.secret_context == ""
    assert notification.deliveries.get().text == ""


@pytest.mark.guarantee(n=4)
def test_the_statements_themselves_carry_the_code_only_sealed(
    code_template: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.DEBUG = True
    connection.force_debug_cursor = True
    try:
        send_code()
        run_due()
        assert connection.queries
        assert CODE not in str(connection.queries)
    finally:
        connection.force_debug_cursor = False
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        (f"550 your code is {CODE}", "failed", "the mail server answered 550"),
        (f"550-5.7.1 your code\r\n550-5.7.1 is {CODE[:3]}=\r\n550 {CODE[3:]}", "failed", "5.7.1"),
        (f"451 rejected {CODE}", "sending", "the mail server answered 451"),
        ("554 5.6.0 " + "".join(f"=3{digit}" for digit in CODE), "failed", "5.6.0"),
    ],
)
@pytest.mark.guarantee(n=4)
def test_a_server_that_quotes_the_code_does_not_get_it_recorded(
    code_template: TemplateVersion,
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
    answer: str,
    state: str,
    error: str,
) -> None:
    mail_server.replies.append(answer)
    with caplog.at_level(logging.INFO, logger="notifications"):
        notification = send_code(expires_at=clock.now() + timedelta(hours=2))
        run_due()
    delivery = notification.deliveries.get()
    assert delivery.state == state
    assert delivery.error.endswith(error)
    assert not forms_in(whole_database(), CODE)


LINK_TOKEN = "kQ7-x/Zp.9+w=R&s=ada@example.com"
FORMS = [name for name, form in written(LINK_TOKEN).items() if form.isprintable()]


@pytest.mark.guarantee(n=4)
@pytest.mark.parametrize("form", FORMS)
def test_a_magic_link_that_a_server_quotes_in_any_form_is_recorded_nowhere(
    mail_server: MailServer, form: str
) -> None:
    publish_template("link", subject="Log in", text="https://example.com/l?t={{ t|urlencode }}")
    mail_server.replies.append(f"554 5.7.1 {written(LINK_TOKEN)[form]} is on a blocklist")
    notification = notify(
        "link",
        to="ada@example.com",
        secret_context={"t": LINK_TOKEN},
        category="otp",
        expires_at=clock.now() + timedelta(hours=2),
    )
    run_due()

    notification.refresh_from_db()
    assert notification.state == "failed"
    assert notification.reason == "the mail server answered 554: 5.7.1"
    assert DeadLetter.objects.get().message.endswith("the mail server answered 554: 5.7.1")
    assert not forms_in(whole_database(), LINK_TOKEN)


@pytest.mark.guarantee(n=4)
def test_a_provider_that_reports_the_words_of_a_bounce_later_has_only_codes_kept(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    run_due()
    delivery = notification.deliveries.get()
    record_report(
        Report(
            source="mailer",
            event_id="1",
            kind=EventKind.BOUNCED,
            bounce=Bounce.SOFT,
            reason=f"550 5.7.1 your code {CODE} is not welcome",
            channel="email",
            message_id=delivery.message_id,
            occurred_at=clock.now(),
        )
    )

    delivery.refresh_from_db()
    assert delivery.error == "mailer reports that it bounced: 550 5.7.1"
    assert not forms_in(whole_database(), CODE)


@pytest.mark.guarantee(n=4)
def test_a_code_that_cannot_be_rendered_leaves_no_trace_of_itself(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    Notification.objects.filter(pk=notification.pk).update(context={})
    run_due()
    assert DeadLetter.objects.count() == 1
    assert CODE not in whole_database()
    notification.refresh_from_db()
    assert (notification.state, notification.secret_context) == ("failed", "")


@pytest.mark.guarantee(n=3)
def test_a_code_is_critical_and_its_tasks_expire_with_it(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    run_due()
    tasks = Task.objects.all()
    assert {task.priority for task in tasks} == {tasks_core.CRITICAL}
    assert {task.expires_at for task in tasks} == {notification.expires_at}


@pytest.mark.parametrize(
    ("send", "steps_in_time", "waiting"),
    [
        (send_code, 0, "notification.deliver.email"),
        (send_code_by_first_step, 0, "notification.schedule"),
        (send_code_by_first_step, 1, "notification.deliver.email"),
    ],
)
@pytest.mark.guarantee(n=3)
def test_a_code_that_expires_while_it_waits_is_not_sent(
    code_template: TemplateVersion,
    mail_server: MailServer,
    send: Callable[[], Notification],
    steps_in_time: int,
    waiting: str,
) -> None:
    notification = send()
    run_due(max_tasks=steps_in_time) if steps_in_time else None
    step = Task.objects.unfinished().get()
    assert step.task_type == waiting
    with clock.frozen(datetime.now(UTC) + 6 * MINUTE):
        # As if a worker had claimed it just in time: the step itself must look at the clock too.
        tasks_core.enqueue(step.task_type, step.payload, inner=True)
        run_due()
    assert mail_server.messages == []
    notification.refresh_from_db()
    assert (notification.state, notification.secret_context) == ("expired", "")
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"expired"}
    assert DeadLetter.objects.count() == 0


@pytest.mark.guarantee(n=3)
def test_a_code_that_expires_while_the_server_is_connected_to_is_not_sent(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    delivery = notification.deliveries.get()
    task = Task.objects.unfinished().get()
    start = datetime.now(UTC)
    # The clock strikes between the beginning of the attempt and the sending.
    with clock.frozen(lambda: start if not mail_server.connections else start + 6 * MINUTE):
        deliver(delivery.pk, task.pk, send_email)
    assert mail_server.connections == 1
    assert mail_server.messages == []
    delivery.refresh_from_db()
    notification.refresh_from_db()
    assert (delivery.state, notification.state) == ("expired", "expired")
    assert delivery.attempt_log.get().outcome == "expired"
    assert notification.secret_context == ""


@pytest.mark.guarantee(n=3)
def test_a_code_that_expires_while_the_server_considers_the_recipient_is_not_sent(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    start = datetime.now(UTC)
    with clock.frozen(lambda: start + 6 * MINUTE if mail_server.recipients else start):
        run_due()
    assert mail_server.messages == []
    notification.refresh_from_db()
    assert notification.state == "expired"
    assert DeliveryAttempt.objects.get().outcome == "expired"


@pytest.mark.guarantee(n=3)
def test_a_retry_that_would_come_too_late_is_not_planned(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.extend(["450 busy"] * 9)
    now = clock.now()
    with clock.frozen(now):  # so that the first attempt is in time, however slow the machine is
        notification = send_code(expires_at=now + timedelta(seconds=0.5))
        run_due()
    for seconds in range(4):
        with clock.frozen(now + timedelta(seconds=seconds)):
            run_due()
    notification.refresh_from_db()
    assert (notification.state, notification.secret_context) == ("expired", "")
    assert mail_server.messages == []
    assert DeadLetter.objects.count() == 0


@pytest.mark.guarantee(n=3)
def test_a_frozen_mail_server_is_waited_for_no_longer_than_the_code_lives(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.silent_for = 5.0
    started = datetime.now(UTC)
    notification = send_code(expires_at=clock.now() + timedelta(seconds=0.7))
    run_due()
    assert datetime.now(UTC) - started < timedelta(seconds=4)
    with clock.frozen(datetime.now(UTC) + MINUTE):
        run_due()
    notification.refresh_from_db()
    assert notification.state == "expired"
    assert DeliveryAttempt.objects.get().outcome == "ambiguous"


@pytest.mark.guarantee(n=3)
def test_a_newer_code_supersedes_an_unsent_one(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    older = send_code(supersede_key="login-1")
    send_code(supersede_key="login-1", secret_context={"code": "445566"})
    run_due()
    older.refresh_from_db()
    assert (older.state, older.secret_context) == ("cancelled", "")
    assert older.reason == "superseded by a newer notification"
    [mail] = mail_server.messages
    assert "445566" in text_of(mail)


@pytest.mark.guarantee(n=4)
def test_a_cancelled_code_is_wiped(code_template: TemplateVersion) -> None:
    notification = send_code()
    cancel(notification.pk, reason="logged in")
    notification.refresh_from_db()
    assert notification.secret_context == ""


@pytest.mark.guarantee(n=7)
def test_a_failed_code_is_not_sent_by_a_replay(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 no such user")
    send_code()
    run_due()
    with pytest.raises(ReplayRefused, match="its secret values were wiped when it failed; discard"):
        tasks_core.replay(DeadLetter.objects.get().pk)
    run_due()
    assert mail_server.messages == []


def test_the_same_key_and_code_give_the_first_notification_even_after_it_was_wiped(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send_code(idempotency_key="k")
    run_due()
    again = send_code(idempotency_key="k")
    assert again.pk == first.pk
    assert len(mail_server.messages) == 1


@pytest.mark.guarantee(n=4)
def test_the_digest_of_a_code_cannot_be_found_by_trying_all_codes_without_the_key(
    code_template: TemplateVersion,
) -> None:
    first = send_code(idempotency_key="k")
    SealedKey.objects.all().delete()
    keyring.forget()
    second = send_code(idempotency_key="l")
    assert first.content_digest != second.content_digest


def test_nothing_is_digested_that_nobody_compares(code_template: TemplateVersion) -> None:
    assert send_code().content_digest == ""
