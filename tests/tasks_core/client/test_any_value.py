"""Whatever text or number a caller names, it is refused by the platform's own words or can be read again.

Neither NUL, half a pair, nor a number that no column holds reaches the database: its error would break the
transaction of the caller with it.
"""

import inspect
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core.exceptions import InvalidTransition, TasksCoreError
from tasks_core.models import RetryPolicy, Schedule, Task
from tests.support.any_value import Door, refuses_in_words_or_keeps
from tests.support.life import bring_to, plain_type
from tests.tasks_core.schedules.ticking import START

pytestmark = pytest.mark.django_db

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


def _entered(correlation_id: str) -> None:
    with tasks_core.correlation(correlation_id):
        tasks_core.enqueue("plain", {})


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
    "schedule_once": (
        lambda **named: tasks_core.schedule_once(at=START, **named),
        {"task_type": "plain", "payload": {"text": "a"}, "idempotency_key": "key"},
    ),
    "schedule_delayed": (
        tasks_core.schedule_delayed,
        {"task_type": "plain", "payload": {"text": "a"}, "delay": 5.0},
    ),
    "correlation": (_entered, {"correlation_id": "id"}),
    "preview_backfill": (
        lambda **named: list(tasks_core.preview_backfill(start=START, end=START, **named)),
        {"name": "steered", "order": "oldest", "reprocess": "none"},
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


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_value_is_refused_in_words_or_can_be_read_again(door: str) -> None:
    refuses_in_words_or_keeps(DOORS[door], own=(TasksCoreError,), kept_in=(Task, Schedule))


def test_no_public_function_is_without_such_a_test() -> None:
    """A new one is to be added above, or to be named here with the reason."""
    tested = {*DOORS, *NO_VALUES_OF_CALLERS}
    functions = {
        name for name in tasks_core.__all__ if inspect.isfunction(getattr(tasks_core, name))
    }
    assert functions - tested == set()


NO_VALUES_OF_CALLERS = {
    # Takes nothing.
    "current_correlation_id",
    # Said once, in code, when a process starts.
    "on_event",
    "declare_queue",
    "subscribe",
    "task_type",
}
