"""The short way: a caller publishes its task itself on commit, where the lane is idle."""

from collections.abc import Callable

import pytest
import redis
from django.db import transaction
from pytest_django import Settings

import tasks_core
from tasks_core.client import publish_on_commit
from tasks_core.engine.states import State
from tests.support.life import events_of, plain_type, state_of
from tests.support.messages import lanes, waiting

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def open_way(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "PUBLISH_ON_COMMIT": True}
    monkeypatch.setattr(publish_on_commit, "_last_enqueued", {})
    monkeypatch.setattr(publish_on_commit, "_seen_idle", {})
    monkeypatch.setattr(publish_on_commit, "_seen_busy", {})
    monkeypatch.setattr(publish_on_commit, "_closed_until", 0.0)
    plain_type()


def test_task_for_an_idle_lane_is_published_on_commit(
    broker: "redis.Redis", heard: Callable[[], int]
) -> None:
    with transaction.atomic():
        task = tasks_core.enqueue("plain", {})
        assert lanes(broker) == {}

    (message,) = waiting(broker, "default.normal")
    assert message.ids == [task.pk]
    assert (task.state, state_of(task.pk)) == (State.QUEUED, State.QUEUED)
    assert events_of(task.pk) == ["scheduled", "queued"]
    assert heard() == 0
    assert message.run() == 1
    assert state_of(task.pk) is State.SUCCEEDED


def test_rolled_back_task_is_not_published(broker: "redis.Redis") -> None:
    with transaction.atomic():
        tasks_core.enqueue("plain", {})
        transaction.set_rollback(True)

    assert lanes(broker) == {}


def test_task_for_later_goes_through_the_dispatcher(broker: "redis.Redis") -> None:
    task = tasks_core.schedule_delayed("plain", {}, delay=60)

    assert state_of(task.pk) is State.SCHEDULED
    assert lanes(broker) == {}


def test_lane_with_waiting_messages_is_left_to_the_dispatcher(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(publish_on_commit, "IDLE_SECONDS", 0.0)
    first, second = (tasks_core.enqueue("plain", {}) for _ in range(2))

    assert (state_of(first.pk), state_of(second.pk)) == (State.QUEUED, State.SCHEDULED)
    assert len(waiting(broker, "default.normal")) == 1


def test_lane_seen_idle_a_moment_ago_takes_messages_beside_others(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(publish_on_commit, "IDLE_SECONDS", 60.0)

    tasks = [tasks_core.enqueue("plain", {}) for _ in range(3)]

    assert [state_of(task.pk) for task in tasks] == [State.QUEUED] * 3
    assert len(waiting(broker, "default.normal")) == 3


def test_busy_lane_is_not_offered_every_task(
    broker: "redis.Redis", heard: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(publish_on_commit, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(publish_on_commit, "BUSY_SECONDS", 60.0)

    tasks = [tasks_core.enqueue("plain", {}) for _ in range(4)]

    held = ["scheduled", "queued", "released"]
    assert [events_of(task.pk) for task in tasks[1:]] == [held, ["scheduled"], ["scheduled"]]
    assert heard() == 3


def test_transaction_publishes_one_message_to_a_lane(
    broker: "redis.Redis", heard: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 0.0)
    with transaction.atomic():
        tasks = [tasks_core.enqueue("plain", {}) for _ in range(5)]
        other = tasks_core.enqueue("plain", {}, queue_name="other")

    assert [state_of(task.pk) for task in tasks] == [State.QUEUED, *[State.SCHEDULED] * 4]
    assert state_of(other.pk) is State.QUEUED
    assert lanes(broker) == {"default.normal": 1, "other.normal": 1}
    assert heard() == 1


def test_busy_caller_leaves_its_tasks_to_the_dispatcher(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 60.0)
    tasks_core.enqueue("plain", {})
    broker.delete(*broker.scan_iter("*default*"))

    assert state_of(tasks_core.enqueue("plain", {}).pk) is State.SCHEDULED


def test_unreachable_broker_closes_the_way_and_costs_no_task(
    no_broker: None, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [tasks_core.enqueue("plain", {}, queue_name=f"q{n}") for n in range(3)]

    assert {state_of(task.pk) for task in tasks} == {State.SCHEDULED}
    assert caplog.text.count("tasks go through the dispatcher") == 1


def test_broker_that_refuses_the_message_leaves_it_to_the_dispatcher(
    broker_that_only_counts: None,
) -> None:
    task = tasks_core.enqueue("plain", {})

    assert state_of(task.pk) is State.SCHEDULED
    assert events_of(task.pk) == ["scheduled", "queued", "released"]


def test_duplicate_is_not_published_again(broker: "redis.Redis") -> None:
    first = tasks_core.enqueue("plain", {}, idempotency_key="k")
    again = tasks_core.enqueue("plain", {}, idempotency_key="k")

    assert first.pk == again.pk
    assert [m.ids for m in waiting(broker, "default.normal")] == [[first.pk]]
