"""Each event is counted exactly once, whoever dies, waits or comes twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import psycopg
import pytest
from django.db import OperationalError, connection, connections

import tasks_core
from tasks_core import clock
from tasks_core.database import answer_limit
from tasks_core.database.answer_limit import answers_within
from tasks_core.duties import event_followers
from tasks_core.duties.event_followers import Following
from tasks_core.engine.states import State
from tasks_core.events import window
from tasks_core.events.cursor import claim
from tasks_core.metrics import handler as handler_module
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.metrics.roll_up import RolledUp, roll_up
from tasks_core.models import EventSubscription, MetricTotal, Task, TaskEvent
from tests.support.dawdling import dawdling
from tests.support.life import PLAIN, bring_to, plain_type
from tests.support.overdue import ending_overdue
from tests.tasks_core.metrics.counting import (
    count_all,
    counted,
    counted_by_minute,
    expected,
    let_lease_end,
    live,
    of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")

REAL_ROLL_UP = roll_up


@pytest.fixture(autouse=True)
def _small_steps(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a window take many statements, and begin with the first id."""
    monkeypatch.setattr(window, "SPAN", 17)
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE tasks_core_taskevent_id_seq RESTART")
    plain_type()


@pytest.mark.parametrize("seed", range(5))
def test_totals_equal_the_events_and_the_tasks_after_any_history(seed: int) -> None:
    rng = Random(seed)
    moment = clock.now()
    for _ in range(8):
        moment += timedelta(seconds=rng.uniform(0, 100))
        with clock.frozen(moment):
            live(rng)
        if rng.random() < 0.5:
            count_all()
    count_all()
    assert counted() == expected()
    assert counted_by_minute() == expected()
    assert of("scheduled") == Task.objects.count()
    assert of("completed") == Task.objects.filter(state=State.SUCCEEDED).count()
    assert of("cancelled") == Task.objects.filter(state=State.CANCELLED).count()
    assert of("retries") == Task.objects.finished().count()


def test_every_final_state_is_counted() -> None:
    for state in State:
        bring_to(state)
    count_all()
    assert [of(kind) for kind in ("completed", "dead_lettered", "cancelled", "expired")] == [1] * 4
    assert counted() == expected()


def test_amounts_are_milliseconds() -> None:
    start = clock.now()
    with clock.frozen(start):
        tasks_core.enqueue(PLAIN, {})
    with clock.frozen(start + timedelta(seconds=2.5)):
        bring_to(State.RUNNING)
    tasks_core.enqueue(PLAIN, {})
    count_all()
    started = MetricTotal.objects.filter(measure="started")
    assert sum(started.values_list("amount", flat=True)) == pytest.approx(
        1000 * sum(e.duration or 0 for e in TaskEvent.objects.filter(kind="started"))
    )


def test_nothing_is_counted_by_a_connection_that_dies_before_the_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live(Random(1))
    handler = MetricsHandler()
    handler.create()

    def die(window: window.Window) -> RolledUp:
        REAL_ROLL_UP(window)
        assert MetricTotal.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("the connection lives")

    monkeypatch.setattr(handler_module, "roll_up", die)
    with pytest.raises(OperationalError):
        handler.roll_up()
    connection.close()
    assert not MetricTotal.objects.exists()
    monkeypatch.setattr(handler_module, "roll_up", REAL_ROLL_UP)
    let_lease_end()
    count_all()
    assert counted() == expected()


def test_one_that_wakes_up_after_another_has_taken_over_counts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live(Random(2))
    sleeper = MetricsHandler()
    sleeper.create()
    is_asleep, wake_up = threading.Event(), threading.Event()
    first = threading.local()

    def doze(window: window.Window) -> RolledUp:
        if getattr(first, "is_sleeper", False):
            is_asleep.set()
            assert wake_up.wait(20)
        return REAL_ROLL_UP(window)

    def sleep() -> bool:
        first.is_sleeper = True
        try:
            return sleeper.roll_up()
        finally:
            connections.close_all()

    monkeypatch.setattr(handler_module, "roll_up", doze)
    with ThreadPoolExecutor(1) as pool:
        slept = pool.submit(sleep)
        assert is_asleep.wait(20)
        let_lease_end()
        count_all()
        complete = counted()
        wake_up.set()
        assert slept.result(20) is False
    assert counted() == complete == expected()


def test_two_at_once_count_each_event_once() -> None:
    MetricsHandler().create()
    is_over = threading.Event()

    def count() -> None:
        handler = MetricsHandler()
        while not is_over.is_set():
            handler.roll_up()
            let_lease_end()  # as if each always came too late for the other
        connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        counting = [pool.submit(count) for _ in range(3)]
        for seed in range(15):
            live(Random(seed), tasks=60)
        is_over.set()
        for one in counting:
            one.result(60)
    count_all()
    assert counted() == expected()
    assert of("scheduled") == Task.objects.count()


def test_an_event_whose_transaction_stays_open_for_rounds_is_counted_once() -> None:
    count_all()
    parameters = connection.get_connection_params()
    dsn = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**dsn) as other:
        other.execute(
            "INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at) "
            "VALUES (1, 'plain', 'lost', 1, now())"
        )
        for seed in range(3):
            live(Random(seed))
            count_all()
            assert counted() == expected()
            assert of("lost") == 0
        other.commit()
    for _ in range(3):
        count_all()
        assert of("lost") == 1
    assert counted() == expected()


def test_what_is_paused_is_counted_when_it_goes_on() -> None:
    from tasks_core.events.control import pause_subscription, resume_subscription

    count_all()
    pause_subscription("metrics")
    live(Random(3))
    count_all()
    assert not counted()
    resume_subscription("metrics")
    count_all()
    assert counted() == expected()


def test_it_cannot_be_made_to_count_again() -> None:
    from tasks_core.events.control import replay_events
    from tasks_core.exceptions import InvalidOption

    live(Random(4))
    count_all()
    with pytest.raises(InvalidOption, match="exactly once"):
        replay_events("metrics", after=0)
    count_all()
    assert counted() == expected()


def test_a_cursor_that_was_removed_comes_back_and_counts_nothing_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    live(Random(4))
    count_all()
    before = counted()
    EventSubscription.objects.filter(name="metrics").delete()  # as no door of the platform does
    beat = Following()
    with caplog.at_level("WARNING", logger="tasks_core"):
        found = beat.look()
    assert "the cursor 'metrics' was removed" in caplog.text
    beat.follow(found)
    assert counted() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM tasks_core_taskevent")
        last = cursor.fetchone()[0]
    live(Random(5))
    count_all()
    late = TaskEvent.objects.filter(id__gt=last).count()
    assert late > 0
    assert sum(n for (_, what, _), n in (counted() - before).items() if what != "retries") == late


def test_a_beat_that_runs_makes_the_cursor_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_followers, "LOOK_AT_CURSORS_SECONDS", 0.0)
    beat = Following()
    beat.look()
    EventSubscription.objects.filter(name="metrics").delete()
    beat.look()
    assert EventSubscription.objects.filter(name="metrics").exists()


def test_its_name_cannot_be_taken() -> None:
    with pytest.raises(ValueError, match="the platform has this name"):
        tasks_core.events.subscribe("metrics", [], print)


def test_a_turn_ends_in_time_and_the_next_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    live(Random(5), tasks=60)
    handler = MetricsHandler()
    handler.create()
    turns = 1
    while handler.roll_up(seconds=0):
        assert sum(counted().values()) > 0
        turns += 1
    assert turns > 3
    assert counted() == expected()


def test_it_tells_how_far_it_has_come() -> None:
    live(Random(6))
    count_all()
    cursor = EventSubscription.objects.get(name="metrics")
    assert cursor.delivered == TaskEvent.objects.count()
    assert cursor.last_event_at == TaskEvent.objects.latest("at").at
    assert claim("metrics", holder="test", seconds=1) is not None


def test_counting_what_one_transaction_has_written_may_take_longer_than_a_brief_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer_limit, "ANSWER_SECONDS", 0.3)
    bring_to(State.SUCCEEDED)
    slow = dawdling("tasks_core_metrictotal", when="INSERT", seconds=1)
    with slow, ending_overdue(), answers_within():
        count_all()
    assert counted() == expected()
