"""The door: what notify takes, what it refuses, and that a refusal leaves nothing behind."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from notifications.api import Message, notify, notify_many, publish_template, register_endpoint
from notifications.exceptions import (
    IdempotencyConflict,
    InvalidNotification,
    UnknownTemplate,
)
from notifications.keys import keyring
from notifications.models import Endpoint, Notification, TemplateVersion
from tasks_core import CRITICAL, NORMAL, clock
from tasks_core.models import Task

pytestmark = pytest.mark.django_db

NAIVE = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)
GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
WITH_NUMBER_AS_KEY: dict[Any, Any] = {**GOOD, 1: "x"}


def assert_nothing_written() -> None:
    assert Notification.objects.count() == 0
    assert Task.objects.count() == 0


def test_a_notification_pins_its_version_and_enqueues_its_delivery(
    receipt: TemplateVersion,
) -> None:
    notification = notify("receipt", to="Ada@Example.COM", context=GOOD)
    notification.refresh_from_db()
    assert notification.address == "Ada@example.com"
    assert notification.template_version == receipt
    assert notification.state == "in_progress"
    [task] = Task.objects.all()
    assert task.task_type == "notification.deliver.email"
    assert task.queue_name == "email"
    assert task.payload == {"delivery": notification.deliveries.get().pk}
    assert task.priority == NORMAL


def test_a_notification_for_later_pins_its_version_and_enqueues_its_first_step(
    receipt: TemplateVersion,
) -> None:
    later = clock.now() + timedelta(hours=1)
    notification = notify("receipt", to="Ada@Example.COM", context=GOOD, run_after=later)
    notification.refresh_from_db()
    assert notification.address == "Ada@example.com"
    assert notification.template_version == receipt
    assert notification.state == "accepted"
    assert not notification.deliveries.exists()
    [task] = Task.objects.all()
    assert task.task_type == "notification.schedule"
    assert task.queue_name == "notifications"
    assert task.payload == {"notification": notification.pk}
    assert task.priority == NORMAL


def test_run_after_and_expiry_reach_the_task(receipt: TemplateVersion) -> None:
    start = datetime.now(UTC) + timedelta(hours=1)
    notify(
        "receipt",
        to="ada@example.com",
        context=GOOD,
        run_after=start,
        expires_at=start + timedelta(hours=1),
        critical=True,
    )
    [task] = Task.objects.all()
    assert task.run_after == start
    assert task.expires_at == start + timedelta(hours=1)
    assert task.priority == CRITICAL


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"to": "ada"}, "to", "is not an address"),
        ({"to": "root@[169.254.169.254]"}, "to", "has a number in place of a domain"),
        ({"to": "root@[fd00::1]"}, "to", "has a number in place of a domain"),
        ({"to": "ada@"}, "to", "is not a mail address; give one such as"),
        ({"to": "Ada <ada@example.com>"}, "to", "without a display name"),
        ({"to": "ada@example.com\nBcc: x@example.com"}, "to", "is not a mail address"),
        ({"to": "a" * 65 + "@" + "b" * 250 + ".com"}, "to", "is not a mail address"),
        ({"to": "https://nowhere.example/", "channel": "email"}, "to", "is not a mail address"),
        (
            {"channel": "pigeon"},
            "channel",
            "there is none of this name; use apprise, console, email, inbox, slack, sms",
        ),
        ({"context": {"name": "Ada", "amount": "1"}}, "context.number", "is required"),
        ({"context": {**GOOD, "amount": "much"}}, "context", "'decimals' needs a number"),
        ({"context": {**GOOD, "when": datetime.now(UTC)}}, "context.when", "is a datetime"),
        ({"context": {**GOOD, "x": [Decimal(1)]}}, "context.x[0]", "is a Decimal"),
        ({"context": {**GOOD, "x": float("nan")}}, "context.x", "not a finite number"),
        ({"context": {**GOOD, "x": "a\x00b"}}, "context.x", "U+0000"),
        ({"context": {**GOOD, "x": "\ud800"}}, "context.x", "surrogate"),
        ({"context": WITH_NUMBER_AS_KEY}, "context", "a key that is not text"),
        ({"context": {**GOOD, "x": "y" * 70_000}}, "context", "the limit is 64000"),
        ({"context": "text"}, "context", "give a dict"),
        ({"secret_context": {"name": "x"}}, "secret_context", "is also in context"),
        ({"run_after": NAIVE}, "run_after", "has no time zone"),
        ({"expires_at": NAIVE}, "expires_at", "has no time zone"),
        ({"expires_at": "tomorrow"}, "expires_at", "must be a datetime"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at", "is in the past"),
        ({"idempotency_key": ""}, "idempotency_key", "is empty"),
        ({"idempotency_key": "x" * 201}, "idempotency_key", "the limit is 200"),
        ({"idempotency_key": 5}, "idempotency_key", "give text"),
        ({"supersede_key": "a\x00"}, "supersede_key", "control character"),
        ({"category": "otp"}, "expires_at", "is required for category 'otp'"),
    ],
)
def test_a_wrong_argument_is_named_and_leaves_no_row(
    receipt: TemplateVersion, wrong: dict[str, Any], field: str, problem: str
) -> None:
    arguments = {"to": "ada@example.com", "context": GOOD, **wrong}
    with pytest.raises(InvalidNotification) as refused:
        notify("receipt", **arguments)
    assert refused.value.field == field
    assert problem in str(refused.value)
    assert_nothing_written()


def test_an_expiry_before_the_start_is_refused(receipt: TemplateVersion) -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidNotification, match="expires_at: is not after run_after"):
        notify(
            "receipt",
            to="ada@example.com",
            context=GOOD,
            run_after=now + timedelta(hours=2),
            expires_at=now + timedelta(hours=1),
        )
    assert_nothing_written()


def test_a_code_belongs_into_the_secret_context(code_template: TemplateVersion) -> None:
    with pytest.raises(InvalidNotification, match="secret_context: is required for category"):
        notify(
            "one-time-code",
            to="ada@example.com",
            context={"name": "Ada", "code": "918273"},
            expires_at=datetime.now(UTC) + timedelta(minutes=5),
            category="otp",
        )
    assert_nothing_written()


def test_an_unknown_template_is_refused_with_those_there_are(receipt: TemplateVersion) -> None:
    with pytest.raises(UnknownTemplate, match="no template 'reciept'; published are: receipt"):
        notify("reciept", to="ada@example.com", context=GOOD)
    assert_nothing_written()


def test_a_template_of_another_channel_is_refused(paid: TemplateVersion) -> None:
    with pytest.raises(UnknownTemplate, match="no version for channel 'email'; it has webhook"):
        notify("payment.settled", to="ada@example.com")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://unknown.example/hook", "no endpoint is registered for this URL"),
        ("ftp://example.com/hook", "does not begin with https://"),
        ("https://", "has no host"),
        ("http://example.com/hook", "uses http; use https"),
    ],
)
def test_a_url_must_be_well_formed_and_registered(
    paid: TemplateVersion, url: str, problem: str
) -> None:
    with pytest.raises(InvalidNotification, match=problem) as refused:
        notify("payment.settled", to=url, context={"id": "p", "order": {}})
    assert refused.value.field == "to"
    assert_nothing_written()


def test_an_endpoint_is_found_by_its_url(paid: TemplateVersion, endpoint: Endpoint) -> None:
    notification = notify("payment.settled", to=endpoint.url, context={"id": "p", "order": {}})
    assert notification.endpoint == endpoint
    assert notification.channel == "webhook"


def test_two_endpoints_with_one_url_must_be_passed_themselves(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    register_endpoint("other", endpoint.url)
    with pytest.raises(InvalidNotification, match="pass the Endpoint itself"):
        notify("payment.settled", to=endpoint.url, context={"id": "p", "order": {}})
    assert notify("payment.settled", to=endpoint, context={"id": "p", "order": {}}).pk


def test_an_error_never_quotes_a_secret(settings: Settings) -> None:
    publish_template(
        "typed",
        subject="s",
        text="{{ code }}",
        schema={
            "type": "object",
            "properties": {"code": {"type": "string", "pattern": "^[a-z]+$"}},
            "required": ["code"],
        },
    )
    for wrong in ("918273", 918273):
        with pytest.raises(InvalidNotification) as refused:
            notify("typed", to="ada@example.com", secret_context={"code": wrong})
        assert refused.value.field == "secret_context.code"
        assert "918273" not in str(refused.value)


def test_the_locale_falls_back_to_its_language_and_then_to_any(receipt: TemplateVersion) -> None:
    german = publish_template("receipt", locale="de", subject="Beleg", text="Danke")
    chosen = [
        notify("receipt", to="ada@example.com", context=GOOD, locale=locale).template_version
        for locale in ("de", "de-at", "fr", "")
    ]
    assert chosen == [german, german, receipt, receipt]


def test_the_same_key_and_content_give_the_first_notification(receipt: TemplateVersion) -> None:
    first = notify("receipt", to="ada@example.com", context=GOOD, idempotency_key="k")
    second = notify("receipt", to="ada@example.com", context=GOOD, idempotency_key="k")
    assert first == second
    assert Task.objects.count() == 1


@pytest.mark.parametrize("other", [{"to": "bob@example.com"}, {"context": {**GOOD, "number": 8}}])
def test_the_same_key_with_other_content_is_an_error(
    receipt: TemplateVersion, other: dict[str, Any]
) -> None:
    arguments: dict[str, Any] = {"to": "ada@example.com", "context": GOOD, "idempotency_key": "k"}
    notify("receipt", **arguments)
    with pytest.raises(IdempotencyConflict, match="use a new key"):
        notify("receipt", **{**arguments, **other})
    assert Notification.objects.count() == 1


def test_a_key_used_twice_in_one_call_makes_one_notification(receipt: TemplateVersion) -> None:
    message = Message(to="ada@example.com", context=GOOD, idempotency_key="k")
    first, second = notify_many("receipt", [message, message])
    assert first.pk == second.pk
    other = Message(to="bob@example.com", context=GOOD, idempotency_key="k")
    with pytest.raises(IdempotencyConflict, match=r"messages\[1\]\.idempotency_key"):
        notify_many("receipt", [message, other])


def test_a_wrong_message_among_many_is_named_and_none_is_stored(receipt: TemplateVersion) -> None:
    messages = [Message(to=f"u{i}@example.com", context=GOOD) for i in range(5)]
    messages[3] = Message(to="nobody", context=GOOD)
    with pytest.raises(InvalidNotification, match=r"^messages\[3\]\.to: is not a mail address"):
        notify_many("receipt", messages)
    assert_nothing_written()


def test_a_thousand_notifications_take_few_statements(
    receipt: TemplateVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    messages = [
        Message(to=f"u{i}@example.com", context=GOOD, idempotency_key=f"k{i}") for i in range(1000)
    ]
    keyring.key("content-digests")  # a process reads it once
    with django_assert_max_num_queries(10):
        notify_many("receipt", messages)
    assert Notification.objects.count() == Task.objects.count() == 1000


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_nothing(receipt: TemplateVersion) -> None:
    with transaction.atomic():
        notify("receipt", to="ada@example.com", context=GOOD)
        transaction.set_rollback(True)
    assert_nothing_written()


@pytest.mark.django_db(transaction=True)
def test_many_threads_with_one_key_make_one_notification(receipt: TemplateVersion) -> None:
    made: list[int] = []
    together = threading.Barrier(20)

    def call() -> None:
        try:
            together.wait()
            made.append(
                notify("receipt", to="ada@example.com", context=GOOD, idempotency_key="k").pk
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 20
    assert len(set(made)) == 1
    assert Task.objects.count() == 1


@pytest.mark.parametrize("field", ["expires_at", "run_after"])
def test_an_instant_that_no_task_can_wait_for_is_named_at_the_door(
    receipt: TemplateVersion, field: str
) -> None:
    now = clock.now()
    context = {"number": 1, "name": "Ada", "amount": "1"}
    late, in_time = now + timedelta(days=3660, seconds=1), now + timedelta(days=3660)

    def send(instant: datetime) -> None:
        options: dict[str, Any] = {field: instant}
        with clock.frozen(now):
            notify("receipt", to="ada@example.com", context=context, **options)

    with pytest.raises(InvalidNotification, match=f"^{field}: is more than 3660 days ahead"):
        send(late)
    assert_nothing_written()
    send(in_time)
    assert Notification.objects.count() == 1
