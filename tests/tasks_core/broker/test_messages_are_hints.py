"""A message that is duplicated, late, mixed up or invented changes nothing that the row does not allow."""

from datetime import timedelta

import pytest
import redis

import tasks_core
from tasks_core import clock
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker.executor import execute
from tests.support.life import bring_to, events_of, plain_type, queued, state_of, states
from tests.support.messages import next_message
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")

ran: list[int] = []


@pytest.fixture(autouse=True)
def known_types() -> None:
    ran.clear()
    plain_type()
    plain_type("other")

    @tasks_core.task_type("counted")
    def counted(payload: dict[str, object], context: tasks_core.TaskContext) -> None:
        ran.append(context.task_id)


@pytest.mark.guarantee(n=2)
def test_message_that_arrives_twice_runs_its_tasks_once(broker: "redis.Redis") -> None:
    ids = tasks_core.enqueue_many("counted", [{}] * 5)
    Dispatcher().dispatch()
    message = next_message(broker, "default.normal")
    assert message

    assert message.run() == 5
    assert message.run() == 0

    assert ran == ids
    assert states() == {State.SUCCEEDED: 5}


@pytest.mark.guarantee(n=2)
def test_message_that_arrives_in_four_workers_at_once_is_claimed_once() -> None:
    ids = [queued() for _ in range(50)]

    claimed = at_once(4, lambda _: execute("plain", ids, worker="w"))

    assert sum(claimed) == 50
    assert states() == {State.SUCCEEDED: 50}
    assert {events_of(task_id).count("started") for task_id in ids} == {1}


@pytest.mark.parametrize("state", sorted(set(State) - {State.QUEUED}), ids=str)
def test_message_for_a_task_that_is_not_queued_changes_nothing(state: State) -> None:
    task_id = bring_to(state)
    before = events_of(task_id)

    assert execute("plain", [task_id], worker="w") == 0

    assert (state_of(task_id), events_of(task_id)) == (state, before)


def test_message_of_another_type_cannot_run_a_task() -> None:
    task_id = queued()

    assert execute("other", [task_id], worker="w") == 0
    assert state_of(task_id) is State.QUEUED


def test_invented_ids_are_ignored_beside_real_ones() -> None:
    task_id = queued()

    assert execute("plain", [task_id, 10**12, -5, 0, task_id], worker="w") == 1
    assert states() == {State.SUCCEEDED: 1}


@pytest.mark.parametrize(
    "ids",
    [None, 7, "7", ["7"], [None], [[7]], [10**30], [1.5], {"a": 1}, [True]],
    ids=str,
)
def test_message_that_is_no_list_of_ids_does_no_harm(ids: object) -> None:
    task_id = queued()

    assert execute("plain", ids, worker="w") == 0  # type: ignore[arg-type] # anybody may write it

    assert state_of(task_id) is State.QUEUED
    assert execute("plain", [task_id], worker="w") == 1


def test_late_message_finds_its_task_queued_again_and_runs_it_once() -> None:
    task_id = queued()
    Task.objects.filter(pk=task_id).update(state=State.SCHEDULED)
    assert execute("plain", [task_id], worker="late") == 0
    Dispatcher().dispatch()

    assert execute("plain", [task_id], worker="late") == 1
    assert execute("plain", [task_id], worker="punctual") == 0


def test_expired_task_is_not_begun() -> None:
    task_id = queued(expires_at=clock.now() + timedelta(seconds=5))

    with clock.frozen(clock.now() + timedelta(seconds=5)):
        assert execute("plain", [task_id], worker="w") == 0
    assert state_of(task_id) is State.QUEUED  # the expirer ends it
