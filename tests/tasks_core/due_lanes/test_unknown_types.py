"""A worker that does not know a task type puts its tasks aside for one that does."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from celery import signals
from django.db import connection, transaction

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.models import Task
from tests.support.life import events_of, plain_type, queued, state_of, take
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


class Message:
    """What Celery hands over with the signal: a message with a decoded body."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def decode(self) -> Any:
        return json.loads(json.dumps(self._body))


def _arrives(body: Any) -> None:
    signals.task_unknown.send(
        sender=None, message=Message(body), exc=KeyError("plain"), name="plain", id="x"
    )


def _next_one_is_put_aside() -> None:
    """Wait until what came before has been seen."""
    task_id = queued()
    _arrives([[[task_id]], {}, {}])
    wait_until(lambda: state_of(task_id) is State.SCHEDULED)


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_its_tasks_wait_for_a_minute_and_use_no_attempt() -> None:
    ids = [queued(), queued()]

    _arrives([[ids], {}, {}])

    wait_until(lambda: all(state_of(task_id) is State.SCHEDULED for task_id in ids))
    for task in Task.objects.all():
        assert (task.state, task.attempts) == (State.SCHEDULED, 0)
        assert task.run_after > clock.now() + timedelta(seconds=50)
        assert events_of(task.pk)[-1] == "released"


def test_running_tasks_are_left_alone() -> None:
    task_id = queued()
    take([task_id])

    _arrives([[[task_id]], {}, {}])
    _next_one_is_put_aside()

    assert state_of(task_id) is State.RUNNING


@pytest.mark.parametrize(
    "body", [None, [], {}, [[]], [[7]], [["x"]], [[["x", None]]], "text", [[[10**30]]], [[[True]]]]
)
def test_message_of_somebody_else_changes_nothing(body: Any) -> None:
    task_id = queued()

    _arrives(body)
    _next_one_is_put_aside()

    assert state_of(task_id) is State.QUEUED


def test_dispatcher_of_the_next_release_sends_them_again() -> None:
    task_id = queued()
    _arrives([[[task_id]], {}, {}])
    wait_until(lambda: state_of(task_id) is State.SCHEDULED)

    tasks_core.run_now(task_id)

    assert state_of(task_id) is State.SCHEDULED
    assert events_of(task_id) == ["scheduled", "queued", "released", "rescheduled"]


def test_main_loop_waits_for_no_database_that_hangs() -> None:
    task_id = queued()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE tasks_core_task IN ACCESS EXCLUSIVE MODE")
        main_loop = threading.Thread(target=_arrives, args=([[[task_id]], {}, {}],), daemon=True)
        main_loop.start()
        main_loop.join(timeout=10)
        assert not main_loop.is_alive()
    wait_until(lambda: state_of(task_id) is State.SCHEDULED)
