"""The dispatcher: by priority, within the window, in batches of one type, and safe beside others."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from pytest_django import DjangoAssertNumQueries, Settings

import tasks_core
from tasks_core import BatchItem, clock, conf
from tasks_core.broker import unread_messages
from tasks_core.broker.publish import BrokerUnavailable, waiting_messages
from tasks_core.broker.redis_client import key
from tasks_core.due_lanes import unknown_types
from tasks_core.duties import dispatcher as dispatching
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.engine.states import State
from tasks_core.models import Task, TaskEvent, TaskTypeStatistics, Worker
from tests.support.life import bring_to, events_of, plain_type, state_of, states
from tests.support.messages import lanes, next_message, waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_types() -> None:
    plain_type()
    plain_type("other")
    plain_type("alone", max_batch=1)


def _measured(task_type: str, seconds: float) -> None:
    TaskTypeStatistics.objects.create(
        task_type=task_type, mean_runtime=seconds, measured_at=clock.now()
    )


def test_due_task_is_queued_and_its_id_published(broker: "redis.Redis") -> None:
    task = tasks_core.enqueue("plain", {"secret": "xyzzy"})

    assert Dispatcher().dispatch().dispatched == 1

    (message,) = waiting(broker, "default.normal")
    assert (message.task_type, message.ids) == ("plain", [task.pk])
    assert state_of(task.pk) is State.QUEUED
    assert events_of(task.pk) == ["scheduled", "queued"]


def test_message_holds_ids_and_no_payload(broker: "redis.Redis") -> None:
    tasks_core.enqueue("plain", {"secret": "xyzzy"}, idempotency_key="plugh", tags=["frotz"])

    Dispatcher().dispatch()

    (message,) = waiting(broker, "default.normal")
    assert not [word for word in ("xyzzy", "plugh", "frotz") if word in message.text]


def test_task_is_not_dispatched_before_its_time(broker: "redis.Redis") -> None:
    task = tasks_core.schedule_delayed("plain", {}, delay=60)

    early = Dispatcher().dispatch()
    with clock.frozen(task.run_after - timedelta(microseconds=1)):
        just_before = Dispatcher().dispatch()
    with clock.frozen(task.run_after):
        in_time = Dispatcher().dispatch()

    assert [r.dispatched for r in (early, just_before, in_time)] == [0, 0, 1]
    assert early.next_due == task.run_after


def test_expired_task_is_not_dispatched() -> None:
    task = tasks_core.enqueue("plain", {}, expires_at=clock.now() + timedelta(seconds=5))

    with clock.frozen(clock.now() + timedelta(seconds=5)):
        assert Dispatcher().dispatch().dispatched == 0
    assert state_of(task.pk) is State.SCHEDULED


def test_task_of_an_unknown_type_stays_for_a_beat_that_knows_it() -> None:
    task = tasks_core.enqueue("plain", {})
    known = tasks_core.enqueue("other", {})
    Task.objects.filter(pk=task.pk).update(task_type="from.the.next.release")

    assert Dispatcher().dispatch().dispatched == 1
    assert (state_of(task.pk), state_of(known.pk)) == (State.SCHEDULED, State.QUEUED)


def _of_unknown_types(count: int) -> list[int]:
    ids = tasks_core.enqueue_many("plain", [{}] * count)
    Task.objects.filter(pk__in=ids).update(task_type="from.the.next.release")
    return ids


def test_tasks_of_an_unknown_type_are_set_aside_and_hold_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unknown_types, "BATCH", 20)
    ids = _of_unknown_types(50)
    known = tasks_core.enqueue("plain", {})
    dispatcher = Dispatcher()

    rounds = [dispatcher.dispatch() for _ in range(4)]

    assert [(r.dispatched, r.set_aside) for r in rounds] == [(1, 20), (0, 20), (0, 10), (0, 0)]
    assert state_of(known.pk) is State.QUEUED
    assert events_of(ids[0]) == ["scheduled", "rescheduled"]
    event = TaskEvent.objects.filter(task_id=ids[0]).latest("id")
    assert event.data == {"reason": "no beat knows the task type from.the.next.release"}
    now = clock.now()
    assert {
        now < task.run_after <= now + unknown_types.SHORTEST
        for task in Task.objects.filter(pk__in=ids)
    } == {True}


def test_tasks_set_aside_come_back_later_and_later_until_a_beat_knows_them() -> None:
    [task_id] = _of_unknown_types(1)
    dispatcher = Dispatcher()
    waits = []
    for _ in range(6):
        task = Task.objects.get(pk=task_id)
        with clock.frozen(task.run_after):
            assert dispatcher.dispatch().set_aside == 1
        waits.append((Task.objects.get(pk=task_id).run_after - task.run_after).total_seconds())
    assert waits == [60, 60, 120, 240, 300, 300]

    plain_type("from.the.next.release")

    with clock.frozen(Task.objects.get(pk=task_id).run_after):
        assert dispatcher.dispatch().dispatched == 1


def test_type_that_another_beat_knows_is_left_to_it() -> None:
    [task_id] = _of_unknown_types(1)
    now = clock.now()
    Worker.objects.create(
        name="beat@next",
        role=Worker.Role.BEAT,
        hostname="next",
        pid=1,
        task_types=["from.the.next.release"],
        started_at=now,
        heartbeat_at=now,
    )
    assert Dispatcher().dispatch().set_aside == 0
    assert Task.objects.get(pk=task_id).run_after <= clock.now()


def test_each_message_holds_tasks_of_one_type_and_one_lane(broker: "redis.Redis") -> None:
    for _ in range(3):
        tasks_core.enqueue("plain", {})
        tasks_core.enqueue("other", {})
        tasks_core.enqueue("plain", {}, priority=tasks_core.LOW)
        tasks_core.enqueue("plain", {}, queue_name="mail")

    Dispatcher().dispatch()

    sent = [
        (lane, m.task_type, len(m.ids)) for lane in lanes(broker) for m in waiting(broker, lane)
    ]
    assert sorted(sent) == [
        ("default.low", "plain", 3),
        ("default.normal", "other", 3),
        ("default.normal", "plain", 3),
        ("mail.normal", "plain", 3),
    ]


@pytest.mark.parametrize(
    ("seconds", "sizes"), [(0.0001, [25]), (0.02, [10, 10, 5]), (3.0, [1] * 25)]
)
def test_batches_aim_at_a_fixed_time(
    broker: "redis.Redis", seconds: float, sizes: list[int]
) -> None:
    _measured("plain", seconds)
    tasks_core.enqueue_many("plain", [{}] * 25)

    Dispatcher().dispatch()

    assert [len(m.ids) for m in waiting(broker, "default.normal")] == sizes


@pytest.mark.parametrize(("seconds", "sizes"), [(0.0, [10, 25]), (3600.0, [10, 10, 10, 5])])
def test_run_time_that_is_not_known_yet_is_looked_up_sooner(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch, seconds: float, sizes: list[int]
) -> None:
    monkeypatch.setattr(dispatching, "FIRST_MEASUREMENT_SECONDS", seconds)
    dispatcher = Dispatcher()
    tasks_core.enqueue_many("plain", [{}] * 10)
    dispatcher.dispatch()
    _measured("plain", 0.0001)
    tasks_core.enqueue_many("plain", [{}] * 25)

    dispatcher.dispatch()

    assert [len(m.ids) for m in waiting(broker, "default.normal")] == sizes


def test_first_message_holds_more_for_a_handler_of_batches(broker: "redis.Redis") -> None:
    @tasks_core.task_type("gathered", batch=True)
    def gathered(items: list[BatchItem[dict[str, Any]]]) -> list[None]:
        return [None for _ in items]

    tasks_core.enqueue_many("gathered", [{}] * 60)

    Dispatcher().dispatch()

    assert [len(m.ids) for m in waiting(broker, "default.normal")] == [50, 10]


def test_type_may_cap_its_batches(broker: "redis.Redis") -> None:
    _measured("alone", 0.0001)
    tasks_core.enqueue_many("alone", [{}] * 3)

    Dispatcher().dispatch()

    assert [len(m.ids) for m in waiting(broker, "default.normal")] == [1, 1, 1]


def test_task_that_was_lost_once_travels_alone(broker: "redis.Redis") -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 4)
    Task.objects.filter(pk=ids[2]).update(isolated=True)

    Dispatcher().dispatch()

    assert sorted(m.ids for m in waiting(broker, "default.normal")) == sorted(
        [[ids[2]], [ids[0], ids[1], ids[3]]]
    )


def test_urgent_tasks_are_published_first_and_older_ones_before_younger(
    broker: "redis.Redis",
) -> None:
    now = clock.now()
    low = tasks_core.enqueue("alone", {}, priority=tasks_core.LOW, run_after=now)
    late = tasks_core.enqueue("alone", {}, run_after=now - timedelta(seconds=1))
    early = tasks_core.enqueue("alone", {}, run_after=now - timedelta(seconds=9))
    critical = tasks_core.enqueue("alone", {}, priority=tasks_core.CRITICAL, run_after=now)

    with clock.frozen(now):
        Dispatcher().dispatch()

    assert [m.ids for m in waiting(broker, "default.normal")] == [[early.pk], [late.pk]]
    assert [m.ids for m in waiting(broker, "default.critical")] == [[critical.pk]]
    assert [m.ids for m in waiting(broker, "default.low")] == [[low.pk]]


def _rounds(dispatcher: Dispatcher, count: int) -> None:
    for _ in range(count):
        dispatcher.dispatch()


def test_broker_holds_no_more_than_a_window_however_much_is_due(
    broker: "redis.Redis", settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LANE_WINDOW_MESSAGES": 5}
    tasks_core.enqueue_many("alone", [{}] * 300)
    dispatcher = Dispatcher()

    _rounds(dispatcher, 20)
    first = lanes(broker)["default.normal"]
    while next_message(broker, "default.normal"):
        pass
    _rounds(dispatcher, 20)

    assert 5 <= first <= 50  # before it has learned how much a message of this type carries
    assert 5 <= lanes(broker)["default.normal"] <= first


def test_full_window_says_that_work_waits(broker: "redis.Redis", settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LANE_WINDOW_MESSAGES": 1}
    tasks_core.enqueue_many("plain", [{}] * 100)
    dispatcher = Dispatcher()

    dispatcher.dispatch()

    assert dispatcher.dispatch().blocked_for


def test_full_lane_does_not_hold_up_another(broker: "redis.Redis", settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LANE_WINDOW_MESSAGES": 2}
    tasks_core.enqueue_many("plain", [{}] * 500, priority=tasks_core.NORMAL)
    dispatcher = Dispatcher()
    _rounds(dispatcher, 5)

    critical = tasks_core.enqueue("plain", {}, priority=tasks_core.CRITICAL)
    elsewhere = tasks_core.enqueue("plain", {}, queue_name="mail")
    dispatcher.dispatch()

    assert state_of(critical.pk) is state_of(elsewhere.pk) is State.QUEUED
    assert Task.objects.filter(state=State.SCHEDULED).count() > 400


def test_other_dispatchers_messages_count_for_the_window(
    broker: "redis.Redis", settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LANE_WINDOW_MESSAGES": 2}
    tasks_core.enqueue_many("plain", [{}] * 500)

    for _ in range(20):
        Dispatcher().dispatch()

    assert lanes(broker)["default.normal"] <= 3


def test_ten_dispatchers_queue_each_task_once(broker: "redis.Redis") -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 400)

    at_once(10, lambda _: [Dispatcher().dispatch() for _ in range(5)])
    published = [i for m in waiting(broker, "default.normal") for i in m.ids]
    queued = [events_of(task_id).count("queued") for task_id in ids]

    assert len(published) == len(set(published))
    assert max(queued) == 1
    assert sum(queued) == len(published) == states()[State.QUEUED]


def test_unreachable_broker_leaves_everything_waiting(no_broker: None) -> None:
    task = tasks_core.enqueue("plain", {})

    with pytest.raises(BrokerUnavailable):
        Dispatcher().dispatch()

    assert state_of(task.pk) is State.SCHEDULED
    assert events_of(task.pk) == ["scheduled"]


def test_messages_that_did_not_get_out_are_taken_back(
    broker_that_only_counts: None,
) -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 30)

    with pytest.raises(BrokerUnavailable):
        Dispatcher().dispatch()

    assert states() == {State.SCHEDULED: 30}
    assert events_of(ids[0]) == ["scheduled", "queued", "released"]
    assert not Task.objects.filter(queued_at__isnull=False).exists()


def test_broker_that_is_back_gets_them(broker: "redis.Redis") -> None:
    tasks_core.enqueue_many("plain", [{}] * 30)

    Dispatcher().dispatch()

    assert states() == {State.QUEUED: 30}
    assert sum(len(m.ids) for m in waiting(broker, "default.normal")) == 30


def _fill(broker: "redis.Redis", lane: str = "default.normal") -> None:
    """Let somebody else publish as many messages as may wait there."""
    broker.rpush(key(lane), *["{}"] * conf.current().lane_window_messages)


def _dispatched_alone(dispatcher: Dispatcher) -> int:
    tasks_core.enqueue("plain", {})
    return dispatcher.dispatch().dispatched


@pytest.fixture
def counts_that_stay_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_messages, "FRESH_SECONDS", 60.0)


def test_broker_is_not_asked_each_time_while_few_messages_can_be_unread(
    broker: "redis.Redis", counts_that_stay_good: None
) -> None:
    dispatcher = Dispatcher()
    first = _dispatched_alone(dispatcher)
    _fill(broker)

    assert [first, _dispatched_alone(dispatcher), _dispatched_alone(dispatcher)] == [1, 1, 0]


def test_broker_is_asked_again_after_a_moment(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = Dispatcher()
    first = _dispatched_alone(dispatcher)
    _fill(broker)
    monkeypatch.setattr(unread_messages, "FRESH_SECONDS", 0.0)

    assert [first, _dispatched_alone(dispatcher)] == [1, 0]


def test_broker_is_asked_again_after_it_has_failed(
    broker: "redis.Redis", broker_that_only_counts: None, counts_that_stay_good: None
) -> None:
    dispatcher = Dispatcher()
    with pytest.raises(BrokerUnavailable):
        _dispatched_alone(dispatcher)
    _fill(broker)

    assert dispatcher.dispatch().dispatched == 0


def test_lane_of_one_message_goes_on_as_soon_as_that_is_read(
    broker: "redis.Redis", settings: Settings, counts_that_stay_good: None
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LANE_WINDOW_MESSAGES": 1}
    dispatcher = Dispatcher()

    for _ in range(3):
        assert _dispatched_alone(dispatcher) == 1
        broker.delete(key("default.normal"))


def test_counting_messages_of_an_unreachable_broker_says_so(no_broker: None) -> None:
    with pytest.raises(BrokerUnavailable):
        waiting_messages(["default.normal"])


def test_round_costs_three_statements_whatever_it_moves(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    _measured("plain", 0.01)
    _measured("other", 0.01)
    tasks_core.enqueue_many("plain", [{}] * 300)
    tasks_core.enqueue_many("other", [{}] * 100, priority=tasks_core.LOW)
    dispatcher = Dispatcher()

    with django_assert_num_queries(3):
        assert dispatcher.dispatch().dispatched == 400
    tasks_core.enqueue_many("plain", [{}] * 10, queue_name="mail")
    with django_assert_num_queries(2):  # run times are read once a second
        assert dispatcher.dispatch().dispatched == 10


def test_round_with_nothing_due_costs_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tasks_core.schedule_delayed("plain", {}, delay=60)

    with django_assert_num_queries(1):
        Dispatcher().dispatch()


@pytest.mark.parametrize("state", sorted(set(State) - {State.SCHEDULED, State.RETRYING}), ids=str)
def test_only_waiting_tasks_are_dispatched(state: State) -> None:
    task_id = bring_to(state)
    before = events_of(task_id)

    with clock.frozen(clock.now() + timedelta(days=1)):
        assert Dispatcher().dispatch().dispatched == 0

    assert state_of(task_id) is state
    assert events_of(task_id) == before
