"""Queued tasks whose message is gone are published again; those whose message only waits are not."""

from datetime import timedelta

import pytest
import redis
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.duties import recovery
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.recovery import recover_messages
from tasks_core.engine.states import State
from tasks_core.models import Task, TaskEvent
from tasks_core.sql.recover import advance_lane
from tests.support.life import events_of, plain_type, queue, queued, state_of, states, take
from tests.support.messages import lanes, next_message
from tests.support.refusing import refusing

pytestmark = pytest.mark.usefixtures("transactional_db")

PATIENCE = timedelta(seconds=10)
LATER = timedelta(seconds=11)


@pytest.fixture(autouse=True)
def known_type(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LOST_MESSAGE_SECONDS": 10.0}
    plain_type()


def test_task_whose_message_is_gone_is_scheduled_again() -> None:
    task_id = queued()

    with clock.frozen(clock.now() + LATER):
        assert recover_messages() == 1

    assert state_of(task_id) is State.SCHEDULED
    assert events_of(task_id) == ["scheduled", "queued", "lost"]
    assert TaskEvent.objects.get(task_id=task_id, kind="lost").data == {"what": "message"}


def test_lost_message_uses_no_attempt() -> None:
    task_id = queued()

    with clock.frozen(clock.now() + LATER):
        recover_messages()

    assert Task.objects.get(pk=task_id).attempts == 0


def test_message_is_not_missed_before_its_time() -> None:
    task_id = queued()

    assert recover_messages() == 0
    assert state_of(task_id) is State.QUEUED


def test_flushed_broker_gets_everything_again(broker: "redis.Redis") -> None:
    tasks_core.enqueue_many("plain", [{}] * 50)
    tasks_core.enqueue_many("plain", [{}] * 50, priority=tasks_core.LOW, queue_name="mail")
    Dispatcher().dispatch()
    broker.delete(*broker.scan_iter("*normal"), *broker.scan_iter("*low"))

    with clock.frozen(clock.now() + LATER):
        assert recover_messages() == 100
        assert Dispatcher().dispatch().dispatched == 100
    assert states() == {State.QUEUED: 100}
    assert set(lanes(broker)) == {"default.normal", "mail.low"}


def test_waiting_message_is_not_lost_however_long_all_workers_are_down(
    broker: "redis.Redis",
) -> None:
    tasks_core.enqueue_many("plain", [{}] * 30)
    Dispatcher().dispatch()
    depth = lanes(broker)

    for hours in range(1, 6):
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            assert recover_messages() == 0
            Dispatcher().dispatch()

    assert lanes(broker) == depth
    assert states() == {State.QUEUED: 30}


def test_message_that_younger_ones_have_overtaken_is_lost(broker: "redis.Redis") -> None:
    now = clock.now()
    with clock.frozen(now):
        lost = tasks_core.enqueue("plain", {}).pk
        Dispatcher().dispatch()
        next_message(broker, "default.normal")  # into a worker that dies with it
    with clock.frozen(now + 2 * LATER):
        tasks_core.enqueue_many("plain", [{}] * 5)
        Dispatcher().dispatch()
        assert recover_messages() == 0, "the queue is not empty, and nobody has claimed anything"
        advance_lane("default", 2, claimed_until=clock.now())

    with clock.frozen(now + 2 * LATER):
        assert recover_messages() == 1

    assert state_of(lost) is State.SCHEDULED
    assert states() == {State.SCHEDULED: 1, State.QUEUED: 5}


def test_younger_message_of_another_lane_says_nothing(broker: "redis.Redis") -> None:
    now = clock.now()
    with clock.frozen(now):
        tasks_core.enqueue("plain", {}, priority=tasks_core.LOW)
        Dispatcher().dispatch()

    with clock.frozen(now + 3 * LATER):
        advance_lane("default", 2, claimed_until=clock.now())
        advance_lane("mail", 3, claimed_until=clock.now())
        assert recover_messages() == 0


def test_lane_never_moves_back() -> None:
    now = clock.now()
    advance_lane("default", 2, claimed_until=now)
    advance_lane("default", 2, claimed_until=now - LATER)

    from tasks_core.models import Lane

    assert Lane.objects.get().claimed_until == now


def test_running_task_has_no_message_to_lose() -> None:
    task_id = queued()
    take([task_id])

    with clock.frozen(clock.now() + LATER):
        assert recover_messages() == 0
    assert state_of(task_id) is State.RUNNING


def test_unreachable_broker_loses_nothing(no_broker: None) -> None:
    task_id = queued()

    with clock.frozen(clock.now() + LATER), pytest.raises(BrokerUnavailable):
        recover_messages()
    assert state_of(task_id) is State.QUEUED


def test_more_lost_tasks_than_one_statement_takes_are_all_found() -> None:
    tasks_core.enqueue_many("plain", [{}] * 1_200)
    queue(limit=2_000)

    with clock.frozen(clock.now() + LATER):
        assert recover_messages() == 1_200
    assert states() == {State.SCHEDULED: 1_200}


def test_tasks_that_cannot_be_queued_again_keep_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "LIMIT", 10)
    ids = tasks_core.enqueue_many("plain", [{"poison": True}] * 25 + [{}])
    queue(limit=len(ids))
    elsewhere = queued(queue_name="slow")

    bad = "OLD.payload @> '{\"poison\": true}' AND NEW.state = 'SCHEDULED'"
    with refusing("tasks_core_task", bad), clock.frozen(clock.now() + LATER):
        assert recover_messages() == 2
        assert recover_messages() == 0

    assert state_of(ids[-1]) is state_of(elsewhere) is State.SCHEDULED
    assert states() == {State.QUEUED: 25, State.SCHEDULED: 2}
