"""Whatever text or number a caller names, it is refused by the platform's own words or can be read again.

Neither NUL, half a pair, nor a number that no column holds reaches the database: its error would break the
transaction of the caller with it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

import tasks_core
from tasks_core.exceptions import InvalidTransition, TasksCoreError
from tasks_core.json_text import storable
from tasks_core.models import RetryPolicy, Schedule, Task
from tests.tasks_core.life import bring_to, plain_type
from tests.tasks_core.schedules.ticking import START

pytestmark = pytest.mark.django_db

TEXTS = ["\x00", "a\x00b", "\ud800", "\udc00x", "x" * 100_000, "\u202e", "\u2028", "%00", "\ufffe"]
NUMBERS = [-1, 0, 2**15, 2**31, 2**63, -(2**63) - 1, 10**50]

Door = tuple[Callable[..., Any], dict[str, Any]]

SCHEDULE: dict[str, Any] = {
    "task_type": "plain",
    "name": "door",
    "cron": "0 9 * * *",
    "timezone": "UTC",
    "gap": "shift",
    "fold": "first",
    "misfire": "run_once",
    "overlap": "allow",
    "max_runs": 3,
    "misfire_max_count": 3,
    "priority": 1,
    "queue_name": "default",
    "retry": "patient",
    "tags": ["a"],
    "description": "what it is for",
}

DOORS: dict[str, Door] = {
    "enqueue": (
        tasks_core.enqueue,
        {
            "task_type": "plain",
            "payload": {"text": "a", "number": 1, "list": ["a", 1]},
            "queue_name": "default",
            "priority": 1,
            "idempotency_key": "key",
            "retry": "patient",
            "tags": ["a"],
            "correlation_id": "id",
        },
    ),
    "enqueue_many": (
        tasks_core.enqueue_many,
        {"task_type": "plain", "payloads": [{"text": "a"}], "idempotency_keys": ["key"]},
    ),
    "schedule_recurring": (tasks_core.schedule_recurring, SCHEDULE),
    "every": (
        tasks_core.schedule_recurring,
        {"task_type": "plain", "name": "door", "every": "every 90 s"},
    ),
    "update_schedule": (
        lambda **changes: tasks_core.update_schedule("steered", **changes),
        SCHEDULE,
    ),
    "get_schedule": (tasks_core.get_schedule, {"name": "steered"}),
    "pause_schedule": (
        tasks_core.pause_schedule,
        {"name": "steered", "reason": "a test", "author": "me"},
    ),
    "resume_schedule": (tasks_core.resume_schedule, {"name": "steered"}),
    "delete_schedule": (tasks_core.delete_schedule, {"name": "steered"}),
    "trigger_now": (tasks_core.trigger_now, {"name": "steered"}),
    "cancel_occurrence": (tasks_core.cancel_occurrence, {"occurrence_id": 1, "reason": "a test"}),
    "preview_schedule": (tasks_core.preview_schedule, {"name": "steered", "count": 3}),
    "backfill": (
        lambda **named: tasks_core.backfill(start=START, end=START, **named),
        {
            "name": "steered",
            "order": "oldest",
            "reprocess": "none",
            "concurrency": 1,
            "author": "me",
        },
    ),
    "cancel_backfill": (tasks_core.cancel_backfill, {"backfill_id": 1}),
    "cancel_backfills": (tasks_core.cancel_backfills, {"name": "steered"}),
    "get": (tasks_core.get, {"task_id": 1}),
    "find": (
        tasks_core.find,
        {
            "states": ["DEAD"],
            "task_types": ["plain"],
            "queue_names": ["default"],
            "tags": ["a"],
            "correlation_id": "id",
            "after": 1,
            "limit": 5,
        },
    ),
    "find_events": (
        lambda **named: list(tasks_core.find_events(**named).events),
        {"task_id": 1, "task_types": ["plain"], "kinds": ["failed"], "after": 1, "limit": 5},
    ),
    "cancel": (tasks_core.cancel, {"task_id": 1, "reason": "a test"}),
    "cancel_many": (tasks_core.cancel_many, {"task_ids": [1], "reason": "a test"}),
    "run_now": (tasks_core.run_now, {"task_id": 1}),
    "wake": (tasks_core.wake, {"task_ids": [1]}),
    "enqueue_again": (tasks_core.enqueue_again, {"task_id": 1, "payload": {"a": "x"}}),
    "replay": (tasks_core.replay, {"dead_letter_id": 1, "payload": {"a": "x"}, "note": "a test"}),
    "discard": (tasks_core.discard, {"dead_letter_id": 1, "note": "a test"}),
    "wait": (lambda **named: tasks_core.wait(timeout=0.01, **named), {"task_id": 1}),
    "pause_subscription": (tasks_core.pause_subscription, {"name": "nobody"}),
    "resume_subscription": (tasks_core.resume_subscription, {"name": "nobody"}),
    "replay_events": (tasks_core.replay_events, {"name": "nobody", "after": 1}),
    "delete_subscription": (tasks_core.delete_subscription, {"name": "nobody"}),
}


def changed(value: Any) -> Iterator[Any]:
    """Give a value with each text or number in it replaced by each that may be wrong."""
    if isinstance(value, str):
        yield from TEXTS
    elif isinstance(value, int):
        yield from NUMBERS
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from ([*value[:n], other, *value[n + 1 :]] for other in changed(inner))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in changed(inner))
        yield from ({**value, key: 1} for key in TEXTS)


@pytest.fixture(autouse=True)
def something_there() -> None:
    plain_type()
    tasks_core.schedule_recurring("plain", {}, name="steered", every=timedelta(hours=1))
    RetryPolicy.objects.create(name="patient")
    bring_to(tasks_core.State.DEAD)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_what_the_others_begin_with_is_right(door: str) -> None:
    """Else each of them would be refused for that, whatever it changes."""
    call, given = DOORS[door]
    # There may be no such row, but each argument was taken.
    with suppress(LookupError, InvalidTransition, TimeoutError):
        call(**given)


@pytest.mark.parametrize(
    ("door", "argument"), [(door, name) for door, (_, given) in DOORS.items() for name in given]
)
def test_a_value_is_refused_in_words_or_can_be_read_again(door: str, argument: str) -> None:
    call, given = DOORS[door]
    for value in changed(given[argument]):
        try:
            with transaction.atomic():
                call(**{**given, argument: value})
                list(Task.objects.all())
                list(Schedule.objects.all())
                transaction.set_rollback(True)
        except (TasksCoreError, TypeError, TimeoutError) as error:
            said = str(error)
            problem = "" if len(said) < 2_000 else f"says too much of it: {said[:100]}"
            if storable(said, limit=10_000) != said:
                problem = "its words cannot be stored"
        except Exception as error:  # noqa: BLE001
            problem = f"{type(error).__name__}: {str(error)[:300]}"
        else:
            problem = ""
        if problem:
            pytest.fail(ascii(f"{argument}={str(value)[:60]}: {problem}"), pytrace=False)
