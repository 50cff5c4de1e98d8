"""Tasks whose time is over before an attempt began end EXPIRED."""

from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.duties.expiry import expire_tasks
from tasks_core.engine.states import NOT_STARTED, State
from tasks_core.models import Task
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tests.support.life import bring_to, events_of, plain_type, state_of, states

pytestmark = pytest.mark.usefixtures("transactional_db")

SOON = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def known_type(settings: Settings) -> None:
    plain_type()


@pytest.mark.parametrize("state", sorted(NOT_STARTED), ids=str)
def test_task_that_has_not_begun_expires_at_its_time(state: State) -> None:
    expires_at = clock.now() + SOON
    task_id = bring_to(state, expires_at=expires_at)

    with clock.frozen(expires_at - timedelta(microseconds=1)):
        assert expire_tasks() == 0
    with clock.frozen(expires_at):
        assert expire_tasks() == 1
        assert expire_tasks() == 0

    task = Task.objects.get(pk=task_id)
    assert (task.state, task.finished_at) == (State.EXPIRED, expires_at)
    assert task.error == "expired before the attempt began"
    assert events_of(task_id)[-1] == "expired"


@pytest.mark.parametrize("state", sorted(set(State) - NOT_STARTED - {State.EXPIRED}), ids=str)
def test_running_and_finished_tasks_do_not_expire(state: State) -> None:
    expires_at = clock.now() + SOON
    task_id = bring_to(state, expires_at=expires_at)

    with clock.frozen(expires_at + SOON):
        assert expire_tasks() == 0
    assert state_of(task_id) is state


def test_task_without_an_end_never_expires() -> None:
    bring_to(State.SCHEDULED)

    with clock.frozen(clock.now() + timedelta(days=3_000)):
        assert expire_tasks() == 0


def test_receiver_that_fails_for_one_task_does_not_hold_up_the_others() -> None:
    expires_at = clock.now() + SOON
    ids = tasks_core.enqueue_many("plain", [{}] * 4, expires_at=expires_at)

    def receive(tasks: list[UnsuccessfulTask], **_: object) -> None:
        if any(task.task_id == ids[0] for task in tasks):
            raise RuntimeError("this receiver is broken")

    tasks_unsuccessful.connect(receive)
    with clock.frozen(expires_at):
        assert expire_tasks() == 3
    tasks_unsuccessful.disconnect(receive)

    assert states() == {State.EXPIRED: 3, State.SCHEDULED: 1}
    assert events_of(ids[0]) == ["scheduled"]


def test_many_expire_in_batches() -> None:
    expires_at = clock.now() + SOON
    tasks_core.enqueue_many("plain", [{}] * 1_500, expires_at=expires_at)

    with clock.frozen(expires_at):
        assert [expire_tasks() for _ in range(3)] == [1_000, 500, 0]
    assert states() == {State.EXPIRED: 1_500}
