"""Whatever instant a caller names, it is refused in words, or what is stored can be read everywhere."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

import tasks_core
from tasks_core import clock
from tasks_core.exceptions import InvalidRequest, InvalidTransition
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.instants import OFTEN, instants
from tests.support.life import plain_type

pytestmark = pytest.mark.django_db

Door = Callable[[datetime], object]


def schedule(**times: Any) -> object:
    return tasks_core.schedule_recurring(
        "plain", {}, name="door", cron="0 9 * * *", replace=True, **times
    )


def pause(**times: Any) -> object:
    with suppress(InvalidTransition):  # it is not paused
        tasks_core.resume_schedule("steered")
    return tasks_core.pause_schedule("steered", reason="a test", **times)


DOORS: dict[str, Door] = {
    "run_after": lambda at: tasks_core.enqueue("plain", {}, run_after=at),
    "expires_at": lambda at: tasks_core.enqueue("plain", {}, expires_at=at),
    "enqueue_many": lambda at: tasks_core.enqueue_many("plain", [{}, {}], run_after=at),
    "schedule_once": lambda at: tasks_core.schedule_once("plain", {}, at=at),
    "enqueued_from": lambda at: tasks_core.find(enqueued_from=at),
    "enqueued_until": lambda at: tasks_core.find(enqueued_until=at),
    "at_from": lambda at: tasks_core.find_events(at_from=at),
    "at_until": lambda at: tasks_core.find_events(at_until=at),
    "start_at": lambda at: schedule(start_at=at),
    "end_at": lambda at: schedule(end_at=at),
    "resume_at": lambda at: pause(resume_at=at),
    "after": lambda at: tasks_core.preview_schedule("steered", 3, after=at),
    "backfill": lambda at: tasks_core.backfill("steered", at, at + timedelta(hours=1)),
    "enqueue_task": lambda at: call_command(
        "enqueue_task", "plain", f"--run-after={at.isoformat()}"
    ),
}


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()
    tasks_core.schedule_recurring("plain", {}, name="steered", every=timedelta(hours=1))


@OFTEN
@given(st.sampled_from(sorted(DOORS)), instants)
def test_an_instant_is_refused_or_can_be_read_again(door: str, at: datetime) -> None:
    with suppress(OverflowError):  # of the test's own reckoning
        at + timedelta(hours=1)
        with suppress(InvalidRequest, CommandError):
            DOORS[door](at)
    # Neither is the caller's transaction broken, nor anything there that cannot be read.
    assert all(isinstance(task.run_after, datetime) for task in tasks_core.find(limit=1_000).tasks)
    list(tasks_core.find_events(limit=1_000).events)
    tasks_core.preview_schedule("steered", 3)
    neighbour = tasks_core.enqueue("plain", {"a": 1})
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        run_due()
    assert Task.objects.get(pk=neighbour.pk).state == "SUCCEEDED"
