"""A code that was wiped cannot be found from what was made of it, and no digest depends on SECRET_KEY."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.db import connection
from pytest_django import Settings

import tasks_core
from notifications.api import Fallback, cancel, erase, notify, publish_template, suppress
from notifications.events.alert import AlertHandler
from notifications.events.notification import NotificationHandler
from notifications.exceptions import IdempotencyConflict, LimitExceeded
from notifications.models import Notification, TemplateVersion
from notifications.privacy.erasure.subject import subject_of
from notifications.privacy.retention.clean_up import clean_up
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.events.happenings import dead
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
CODE = "918273"


def send_code(**options: Any) -> Notification:
    terms: dict[str, Any] = {
        "to": ADA,
        "expires_at": clock.now() + timedelta(minutes=5),
        "category": "otp",
        "context": {"name": "Ada"},
        "secret_context": {"code": CODE},
        "idempotency_key": "login-17",
    }
    return notify("one-time-code", **{**terms, **options})


def digest_of(notification: Notification) -> str:
    notification.refresh_from_db()
    return notification.content_digest


def whole_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows: list[str] = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.guarantee(n=4)
def test_who_has_every_key_finds_no_code_that_has_ended(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    with ahead_of_time() as soon:
        waiting = send_code(run_after=soon)
    digest = digest_of(waiting)
    assert digest in whole_database(), "while it waits, it is compared with a second call"
    run_due()
    assert len(mail_server.messages) == 1
    assert digest not in whole_database()


@pytest.mark.guarantee(n=4)
def test_the_digest_goes_however_a_code_ends(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    sent = send_code()
    run_due()
    mail_server.refusals.append("550 no such user")
    failed = send_code(idempotency_key="failed", to="bob@example.com")
    run_due()
    expired = send_code(idempotency_key="expired", to="eve@example.com")
    step = Task.objects.unfinished().get()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        tasks_core.enqueue(
            step.task_type, step.payload, inner=True
        )  # as if it had been claimed just in time
        run_due()
    cancelled = send_code(idempotency_key="cancelled", to="kim@example.com")
    cancel(cancelled.pk, reason="logged in")
    suppress("email", "max@example.com", reason="manual", source="support")
    suppressed = send_code(idempotency_key="suppressed", to="max@example.com")
    run_due()
    superseded = send_code(idempotency_key="s", to="amy@example.com", supersede_key="login-amy")
    send_code(idempotency_key="t", to="amy@example.com", supersede_key="login-amy")
    ended = [sent, failed, expired, cancelled, suppressed, superseded]
    assert [digest_of(one) for one in ended] == [""] * 6
    assert [one.state for one in ended] == [
        "sent", "failed", "expired", "cancelled", "suppressed", "cancelled",
    ]  # fmt: skip


@pytest.mark.guarantee(n=4)
def test_the_digest_goes_with_the_last_of_several_channels(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    publish_template("one-time-code", channel="sms", text="{{ code }}", sample={"code": "1"})
    sent = send_code(
        fallback=[Fallback(channel="sms", to="+4915112345678", after=timedelta(minutes=5))]
    )
    assert digest_of(sent)
    run_due()
    cancel(sent.pk, reason="logged in")
    assert digest_of(sent) == ""


@pytest.mark.guarantee(n=18)
def test_retention_and_erasure_take_the_digest_of_any_message(
    receipt: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    rules = {"": {"body": 1.0, "exchange": 20.0, "row": 30.0}}
    settings.BELLRINGER = {**settings.BELLRINGER, "NOTIFICATION_RETENTION": rules}
    context = {"number": 7, "name": "Ada", "amount": "12.5"}
    old, erased = (
        notify("receipt", to=to, context=context, idempotency_key=to)
        for to in (ADA, "bob@example.com")
    )
    run_due()
    assert digest_of(old)
    assert digest_of(erased)
    erase(address="bob@example.com")
    assert digest_of(erased) == ""
    with clock.frozen(clock.now() + timedelta(days=2)):
        while clean_up():
            pass
    assert digest_of(old) == ""


@pytest.mark.guarantee(n=8)
def test_what_is_left_of_a_wiped_code_still_tells_another_message(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send_code()
    run_due()
    assert send_code().pk == first.pk
    assert send_code(secret_context={"code": "111111"}).pk == first.pk, "nobody knows any more"
    publish_template(
        "other", subject="x", text="{{ code }} {{ name }}", sample={"code": "1", "name": "Ada"}
    )
    for other in (
        {"to": "bob@example.com"},
        {"context": {"name": "Bob"}},
        {"category": "news"},
    ):
        with pytest.raises(IdempotencyConflict):
            send_code(**other)
    with pytest.raises(IdempotencyConflict):
        notify("other", to=ADA, context={"name": "Ada", "code": "2"}, idempotency_key="login-17")
    erase(address=ADA)
    assert send_code().pk == first.pk


@pytest.mark.guarantee(n=8)
def test_keys_limits_and_tombstones_survive_another_secret_key(
    code_template: TemplateVersion, mail_server: MailServer, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "OTP_RECIPIENT_LIMITS": ["2/1h"]}
    with ahead_of_time() as soon:
        first = send_code(run_after=soon)
    tombstone = subject_of(ADA).tombstone
    settings.SECRET_KEY = "the one after the next rotation"
    assert send_code().pk == first.pk
    with pytest.raises(IdempotencyConflict):
        send_code(secret_context={"code": "111111"})
    send_code(idempotency_key="second")
    with pytest.raises(LimitExceeded):
        send_code(idempotency_key="third")
    assert subject_of(ADA).tombstone == tombstone


def test_a_digest_that_was_keyed_otherwise_decides_nothing(receipt: TemplateVersion) -> None:
    context = {"number": 7, "name": "Ada", "amount": "12.5"}

    def send(**changed: Any) -> Notification:
        given = {**context, **changed}
        return notify("receipt", to=ADA, context=given, idempotency_key="order-7")

    first = send()
    Notification.objects.update(content_digest="0" * 64)
    assert send().pk == first.pk
    with pytest.raises(IdempotencyConflict):
        send(number=8)


@pytest.mark.guarantee(n=18)
def test_no_address_that_was_erased_is_found_by_hashing_guesses(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    publish_template("task-failed", subject="{{ kind }}", text="{{ kind }}")
    NotificationHandler("told", "task-failed", to=[ADA])([dead(1)])
    AlertHandler("alerted", template="task-failed", to=[ADA])([dead(2)])
    at = clock.now()
    event = AnymailTrackingEvent(
        event_type="opened", message_id="ses-1", recipient=ADA, timestamp=at
    )
    tracking.send(sender=object, event=event, esp_name="Amazon SES")
    run_due()
    erase(address=ADA)
    guesses = (f"told:{ADA}", f"alerted:{ADA}", f"opened\0ses-1\0{ADA}\0{at.isoformat()}")
    kept = whole_database()
    for guess in guesses:
        assert hashlib.sha256(guess.encode()).hexdigest()[:24] not in kept
