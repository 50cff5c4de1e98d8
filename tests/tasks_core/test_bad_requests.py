"""Requests that cannot be: refused with what is wrong and what would be right, and nothing is written."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.exceptions import (
    InvalidOption,
    InvalidRequest,
    InvalidSchedule,
    UnknownTaskType,
)
from tasks_core.models import RetryPolicy, Task, TaskEvent
from tests.support.life import plain_type

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAIVE = datetime(2026, 5, 4, 13)  # noqa: DTZ001 that is the mistake


@pytest.fixture(autouse=True)
def known_type() -> Iterator[None]:
    plain_type("mail.send")
    with clock.frozen(NOW):
        yield


OPTIONS: list[tuple[dict[str, Any], type[InvalidRequest], str]] = [
    ({"run_after": NAIVE}, InvalidSchedule, r"run_after \(2026-05-04T13:00:00\) has no time zone"),
    ({"expires_at": NAIVE}, InvalidSchedule, r"expires_at .* has no time zone; use an aware"),
    ({"run_after": "tomorrow"}, InvalidSchedule, "run_after must be a datetime, not str"),
    ({"expires_at": NOW}, InvalidSchedule, "expires_at .* must be later than the time to run"),
    (
        {"run_after": NOW + timedelta(hours=2), "expires_at": NOW + timedelta(hours=1)},
        InvalidSchedule,
        "expires_at .* must be later than the time to run",
    ),
    ({"run_after": NOW + timedelta(days=4000)}, InvalidSchedule, "run_after must lie within 3660"),
    ({"priority": 4}, InvalidOption, r"priority must be 0 \(critical\), .* not 4"),
    ({"priority": "high"}, InvalidOption, "priority must be 0 .* not 'high'"),
    ({"queue_name": "Mail Out"}, InvalidOption, "queue_name 'Mail Out' must be lower-case"),
    ({"queue_name": ""}, InvalidOption, "queue_name '' must be lower-case"),
    ({"idempotency_key": ""}, InvalidOption, "idempotency_key must not be empty; leave it out"),
    ({"idempotency_key": "k" * 256}, InvalidOption, "idempotency_key must have at most 255"),
    ({"idempotency_key": 7}, InvalidOption, "idempotency_key must be a string, not int"),
    ({"idempotency_key": "a\x00"}, InvalidOption, "idempotency_key must not hold a NUL"),
    ({"correlation_id": "c" * 129}, InvalidOption, "correlation_id must have at most 128"),
    ({"tags": "urgent"}, InvalidOption, "tags must be a list of words, not one string"),
    ({"tags": ["two words"]}, InvalidOption, "tags: 'two words' must match"),
    ({"tags": [f"t{n}" for n in range(21)]}, InvalidOption, "tags: at most 20, not 21"),
    ({"tags": [["a"]]}, InvalidOption, "tags: .* must match"),
    ({"retry": "patient"}, InvalidOption, "no retry policy is called 'patient'; there are: hasty"),
    ({"retry": 5}, InvalidOption, "retry must be a rule or the name of a retry policy, not int"),
]


@pytest.mark.parametrize(("options", "kind", "message"), OPTIONS, ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("enqueue", [tasks_core.enqueue, tasks_core.enqueue_many])
def test_bad_option_is_refused_by_name(
    enqueue: Callable[..., Any], options: dict[str, Any], kind: type[InvalidRequest], message: str
) -> None:
    RetryPolicy.objects.create(name="hasty")
    payload: Any = {}
    if enqueue is tasks_core.enqueue_many:
        payload = [{}]
        if "idempotency_key" in options:
            options = {"idempotency_keys": [options["idempotency_key"]]}

    with pytest.raises(kind, match=message):
        enqueue("mail.send", payload, **options)

    assert not Task.objects.exists()
    assert not TaskEvent.objects.exists()


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (-1, "delay must not be negative: -1 s"),
        (timedelta(seconds=-60), "delay must not be negative: -60 s"),
        (float("nan"), "delay nan is out of range"),
        (float("inf"), "delay inf is out of range"),
        (1e12, "delay must be at most 3660 days"),
        ("5", "delay must be a timedelta or seconds, not str"),
        (True, "delay must be a timedelta or seconds, not bool"),
    ],
)
def test_bad_delay_is_refused(delay: Any, message: str) -> None:
    with pytest.raises(InvalidSchedule, match=message):
        tasks_core.schedule_delayed("mail.send", {}, delay=delay)

    assert not Task.objects.exists()


def test_naive_time_is_refused() -> None:
    with pytest.raises(InvalidSchedule, match="has no time zone"):
        tasks_core.schedule_once("mail.send", {}, at=NAIVE)


def test_time_of_another_type_is_refused_by_its_own_name() -> None:
    with pytest.raises(InvalidSchedule, match="at must be a datetime, not str"):
        tasks_core.schedule_once("mail.send", {}, at="noon")  # type: ignore[arg-type] # the mistake


def test_two_times_at_once_are_refused() -> None:
    with pytest.raises(InvalidOption, match="run_after cannot be combined with delay"):
        tasks_core.schedule_delayed("mail.send", {}, delay=5, run_after=NOW)


def test_unknown_type_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownTaskType, match=r"no task type .mail.sned. is registered.*mail.send"):
        tasks_core.enqueue("mail.sned", {})

    assert not Task.objects.exists()


def test_errors_are_value_errors_too() -> None:
    with pytest.raises(ValueError, match="no task type"):
        tasks_core.enqueue("nonsense", {})
