"""Bad input: the error names what is wrong and what would be right, and no row is left behind."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError

import tasks_core
from notifications.api import notify, publish_template, register_endpoint
from notifications.exceptions import NotificationsError
from notifications.message_templates.compiled import compiled_version
from tasks_core.exceptions import (
    InvalidOption,
    InvalidPayload,
    InvalidSchedule,
    PayloadTooLarge,
    UnknownTaskType,
)
from tests.commands.conftest import Rows, Run

pytestmark = pytest.mark.django_db

GOOD = {"invoice": 1}
NAIVE = datetime(2036, 1, 1, 9)  # noqa: DTZ001  (that it is naive is the point)
LARGE = {"invoice": 1, "note": "x" * 2_000}

TASKS: list[tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = [
    (
        lambda: tasks_core.enqueue("invoice.remnid", GOOD),
        UnknownTaskType,
        ("'invoice.remnid'", "known: invoice.remind"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", {"invoice": "seventeen"}),
        InvalidPayload,
        ("payload.invoice", "valid integer"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", {}),
        InvalidPayload,
        ("payload.invoice", "required"),
    ),
    (
        lambda: tasks_core.enqueue_many("invoice.remind", [GOOD, GOOD, {"invoice": None}]),
        InvalidPayload,
        ("payloads[2]", "payload.invoice"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", GOOD, run_after=NAIVE),
        InvalidSchedule,
        ("run_after", "no time zone", "make_aware"),
    ),
    (
        lambda: tasks_core.schedule_once("invoice.remind", GOOD, at=NAIVE),
        InvalidSchedule,
        ("no time zone", "make_aware"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", GOOD, expires_at=NAIVE),
        InvalidSchedule,
        ("expires_at", "no time zone"),
    ),
    (
        lambda: tasks_core.schedule_delayed("invoice.remind", GOOD, delay=timedelta(seconds=-5)),
        InvalidSchedule,
        ("delay must not be negative", "-5"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", LARGE),
        PayloadTooLarge,
        ("bytes", "1,000 allowed", "store the data elsewhere"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", GOOD, priority=7),
        InvalidOption,
        ("priority", "0 (critical)", "7"),
    ),
    (
        lambda: tasks_core.enqueue("invoice.remind", GOOD, queue_name="No Such"),
        InvalidOption,
        ("queue_name", "lower-case"),
    ),
]


@pytest.mark.parametrize(("ask", "error", "says"), TASKS)
def test_a_task_that_cannot_be_is_refused_by_the_api(
    ask: Callable[[], Any], error: type[Exception], says: tuple[str, ...], rows: Rows
) -> None:
    before = rows()
    with pytest.raises(error) as refusal:
        ask()
    for words in says:
        assert words in str(refusal.value)
    assert rows() == before


REMIND = ("enqueue_task", "invoice.remind", "--payload", '{"invoice": 1}')


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("enqueue_task", "invoice.remnid"), ("'invoice.remnid'", "known: invoice.remind")),
        (
            ("enqueue_task", "invoice.remind", "--payload", '{"invoice": "x"}'),
            ("payload.invoice", "valid integer"),
        ),
        (
            ("enqueue_task", "invoice.remind", "--payload", "{invoice: 1}"),
            ("--payload", "not JSON"),
        ),
        (
            (
                "enqueue_task",
                "invoice.remind",
                "--payload",
                f'{{"invoice": 1, "note": "{"x" * 2000}"}}',
            ),
            ("bytes", "1,000 allowed"),
        ),
        ((*REMIND, "--run-after", "2036-01-01T09:00"), ("--run-after", "no time zone", "09:00Z")),
        ((*REMIND, "--expires-at", "2036-01-01T09:00"), ("--expires-at", "no time zone")),
        ((*REMIND, "--expires-at", "2016-01-01T09:00Z"), ("expires_at", "later")),
        ((*REMIND, "--run-after", "soon"), ("--run-after", "2026-07-01T09:00+02:00")),
        ((*REMIND, "--delay=-5"), ("--delay", "must not be negative")),
        ((*REMIND, "--delay", "4000d"), ("delay", "at most")),
        ((*REMIND, "--delay", "5", "--run-after", "2036-01-01T09:00Z"), ("not allowed with",)),
        ((*REMIND, "--priority", "urgent"), ("--priority", "critical, high, normal, low")),
        ((*REMIND, "--queue", "No Such"), ("queue_name", "lower-case")),
        ((*REMIND, "--tag", "two words"), ("tags", "two words")),
        ((*REMIND, "--idempotency-key", ""), ("idempotency_key", "must not be empty")),
    ],
)
def test_a_task_that_cannot_be_is_refused_by_the_command(
    run: Run, rows: Rows, words: tuple[str, ...], says: tuple[str, ...]
) -> None:
    before = rows()
    with pytest.raises(CommandError) as refusal:
        run(*words)
    for part in says:
        assert part in str(refusal.value)
    assert rows() == before


TEMPLATES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"subject": "Hi", "text": "Dear {{ name }"}, ("text, line 1",)),
    ({"subject": "Hi", "text": "a\n{% if x %}b"}, ("text, line",)),
    ({"subject": "Hi {{ nam }}", "text": "x", "sample": {"name": "Ada"}}, ("nam",)),
    (
        {
            "subject": "Hi",
            "text": "Dear\n{{ nam }}",
            "schema": {"type": "object", "properties": {"name": {}}},
        },
        ("schema", "uses nam"),
    ),
]


@pytest.mark.parametrize(("parts", "says"), TEMPLATES)
def test_a_template_that_cannot_be_rendered_is_not_published(
    rows: Rows, parts: dict[str, Any], says: tuple[str, ...]
) -> None:
    before = rows()
    with pytest.raises(NotificationsError) as refusal:
        publish_template("broken", **parts)
    for words in says:
        assert words in str(refusal.value)
    assert rows() == before


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("merchant.example/hook", "https://"),
        ("ftp://merchant.example/", "https://"),
        ("https://", "host"),
        ("https://user:pw@merchant.example/", "password"),
    ],
)
def test_an_endpoint_with_a_malformed_url_is_not_stored(rows: Rows, url: str, says: str) -> None:
    before = rows()
    with pytest.raises(NotificationsError) as refusal:
        register_endpoint("merchant", url)
    assert str(refusal.value).startswith("url: ")
    assert says in str(refusal.value)
    assert rows() == before


@pytest.fixture
def _receipt() -> None:
    compiled_version.cache_clear()
    publish_template("receipt", subject="Receipt {{ number }}", text="Thank you.")
    publish_template("receipt", channel="webhook", text='{"number": {{ number }}}')


TOO_MUCH = {"number": 1, "note": "x" * 64_000}

NOTIFICATIONS: list[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = [
    ({"to": "ada@@example"}, ("--to", "ada@@example"), ("to: ",)),
    ({"to": "https://nobody.example/"}, ("--to", "https://nobody.example/"), ("to: ", "endpoint")),
    ({"template": "reciept"}, ("reciept",), ("'reciept'", "receipt")),
    ({"context": {}}, ("--context", "{}"), ("context.number",)),
    ({"expires_at": NAIVE}, ("--expires-at", "2036-01-01T09:00"), ("no time zone",)),
    ({"category": "otp"}, ("--category", "otp"), ("expires_at", "otp")),
    ({"context": TOO_MUCH}, ("--context", json.dumps(TOO_MUCH)), ("context", "the limit is 64000")),
]


@pytest.mark.usefixtures("_receipt")
@pytest.mark.parametrize(("asked", "says"), [(asked, says) for asked, _, says in NOTIFICATIONS])
def test_a_notification_that_cannot_be_is_refused_by_the_api(
    rows: Rows, asked: dict[str, Any], says: tuple[str, ...]
) -> None:
    call = {"template": "receipt", "to": "ada@example.com", "context": {"number": 1}, **asked}
    before = rows()
    with pytest.raises(NotificationsError) as refusal:
        notify(call.pop("template"), **call)
    for words in says:
        assert words in str(refusal.value)
    assert rows() == before


@pytest.mark.usefixtures("_receipt")
@pytest.mark.parametrize(("words", "says"), [(words, says) for _, words, says in NOTIFICATIONS])
def test_a_notification_that_cannot_be_is_refused_by_the_command(
    run: Run, rows: Rows, words: tuple[str, ...], says: tuple[str, ...]
) -> None:
    template = words if len(words) == 1 else ("receipt",)
    options = words if len(words) > 1 else ()
    before = rows()
    with pytest.raises(CommandError) as refusal:
        run(
            "send_notification", *template, "--to", "ada@example.com",
            "--context", '{"number": 1}', *options,
        )  # fmt: skip
    for part in says:
        assert part in str(refusal.value)
    assert rows() == before
