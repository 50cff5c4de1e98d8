"""Dispatch beside a transaction that stays open: what was taken is in the index still, and costs nothing."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import clock
from tasks_core.database import full_looks
from tasks_core.database.full_looks import LAST_LOOKS
from tasks_core.database.lower_bound import BEGINNING, LowerBound
from tasks_core.due_lanes import lane_watch
from tasks_core.due_lanes.lane_watch import LaneWatch
from tasks_core.duties import ageing
from tasks_core.duties.ageing import promote
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.recovery import recover_attempts, recover_messages
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.sql import dispatch, end, progress, recover
from tasks_core.sql.dispatch import take_due, waiting_lanes, waiting_lanes_since
from tasks_core.sql.recover import advance_lane
from tests.support.life import plain_type, queue, state_of, take

pytestmark = pytest.mark.usefixtures("transactional_db")

TAKEN = 20_000
FEW_BLOCKS = 100
"""What a statement may look at; each hundred tasks that were taken would add more."""


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.fixture
def report(transactional_db: None) -> Iterator[None]:
    """Hold a snapshot open, as a report or a dump does."""
    with psycopg.connect(**_address()) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT count(*) FROM tasks_core_task")
        yield


def _address() -> dict[str, Any]:
    settings = connection.settings_dict
    return {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "dbname": settings["NAME"],
    }


def _take_many() -> None:
    """Let many tasks come and go: enqueued one after the other, and taken."""
    began = clock.now() - timedelta(minutes=10)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks_core_task (task_type, queue_name, priority, state, payload, run_after, "
            "enqueued_at, attempts, attempts_returned, isolated, worker, error, correlation_id, tags) "
            "SELECT 'plain', 'default', 2, 'SCHEDULED', '{}', %(began)s + n * interval '1 ms', %(began)s, "
            "0, 0, false, '', '', '', '{}' FROM generate_series(1, %(count)s) n",
            {"began": began, "count": TAKEN},
        )
        cursor.execute("UPDATE tasks_core_task SET state = 'QUEUED', queued_at = now()")
        cursor.execute("ANALYZE tasks_core_task")


def _blocks(sql: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", parameters)
        plan = cursor.fetchone()[0]
    [found] = json.loads(plan) if isinstance(plan, str) else plan
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


@pytest.mark.usefixtures("report")
def test_looking_and_taking_read_nothing_of_what_was_taken_before() -> None:
    _take_many()
    task = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(seconds=5))
    now = clock.now()
    parameters = {
        "queue_names": ["default"],
        "priorities": [2],
        "sinces": [task.run_after - timedelta(seconds=1)],
        "firsts": [0],
        "limits": [100],
        "task_types": ["plain"],
        "apart_from": [],
        "now": now,
    }

    assert _blocks(dispatch.LANES, {}) > TAKEN / 100  # the index does hold them
    assert _blocks(dispatch.LANES_SINCE, parameters) < FEW_BLOCKS
    [lane] = waiting_lanes_since({("default", 2): (now - timedelta(minutes=1), 0)})
    assert lane == waiting_lanes()[0]
    assert _blocks(dispatch.TAKE, {**parameters, "sinces": [lane.first_run_after]}) < 2 * FEW_BLOCKS


def test_lane_is_read_from_its_first_task_on() -> None:
    early, late = (
        tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(seconds=s)) for s in (9, 5)
    )
    [lane] = waiting_lanes()
    assert lane.first_run_after == early.run_after
    Task.objects.filter(pk=late.pk).update(run_after=early.run_after - timedelta(seconds=1))

    taken = take_due([(lane, 10)], ["plain"], now=clock.now())

    assert [task.id for task in taken] == [early.pk]
    assert waiting_lanes()[0].first_run_after < early.run_after


@pytest.mark.usefixtures("report")
def test_tasks_of_one_instant_are_read_from_the_first_on_too() -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * TAKEN)
    Task.objects.filter(pk__in=ids[:-5]).update(state=State.QUEUED, queued_at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_core_task")
    [lane] = waiting_lanes()
    parameters = {
        "queue_names": ["default"],
        "priorities": [2],
        "sinces": [lane.first_run_after],
        "firsts": [lane.first_id],
        "limits": [100],
        "task_types": ["plain"],
        "apart_from": [],
        "now": clock.now(),
    }

    assert lane.first_id == ids[-5]
    assert _blocks(dispatch.LANES_SINCE, parameters) < FEW_BLOCKS
    assert _blocks(dispatch.TAKE, parameters) < 2 * FEW_BLOCKS


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> LaneWatch:
    """Return a watch to which every look at everything is costly, after the first few of them."""
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 0.0)
    monkeypatch.setattr(full_looks, "PAUSE", 1e9)
    monkeypatch.setattr(full_looks, "LONGEST_PAUSE_SECONDS", 1e9)
    watch = LaneWatch()
    for _ in range(LAST_LOOKS):
        watch.look(clock.now())
    return watch


def _looks_at_everything(watch: LaneWatch) -> bool:
    with CaptureQueriesContext(connection) as queries:
        watch.look(clock.now())
    return "RECURSIVE" in queries[0]["sql"]


def test_cheap_look_is_always_one_at_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 60.0)
    watch = LaneWatch()
    assert all(_looks_at_everything(watch) for _ in range(LAST_LOOKS + 2))


def test_costly_looks_at_everything_are_few(
    costly: LaneWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(_looks_at_everything(costly) for _ in range(5))
    monkeypatch.setattr(full_looks, "PAUSE", 0.0)
    assert _looks_at_everything(costly)


def test_no_look_at_everything_is_so_costly_that_it_is_not_made(
    costly: LaneWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_looks, "LONGEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(full_looks, "LEAST_PAUSE", 0)
    assert _looks_at_everything(costly)


def test_costly_watch_finds_what_comes_in_any_lane_of_a_known_queue(costly: LaneWatch) -> None:
    for priority in (tasks_core.LOW, tasks_core.CRITICAL, tasks_core.NORMAL):
        tasks_core.enqueue("plain", {}, priority=priority)
    lanes = costly.look(clock.now())
    assert [lane.priority for lane in lanes] == [
        tasks_core.CRITICAL,
        tasks_core.NORMAL,
        tasks_core.LOW,
    ]
    assert not _looks_at_everything(costly)


def test_task_for_later_hides_none_that_comes_before(costly: LaneWatch) -> None:
    tasks_core.schedule_delayed("plain", {}, delay=3_600)
    costly.look(clock.now())
    costly.look(clock.now())
    task = tasks_core.enqueue("plain", {})
    assert costly.look(clock.now())[0].first_run_after == task.run_after


def test_what_is_put_in_front_is_found_by_the_next_look_at_everything(
    costly: LaneWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks_core.enqueue("plain", {})
    costly.look(clock.now())
    early = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(hours=1))
    with clock.frozen(clock.now() + lane_watch.SLACK):
        costly.look(clock.now())
    assert costly.look(clock.now())[0].first_run_after > early.run_after

    monkeypatch.setattr(full_looks, "PAUSE", 0.0)

    assert costly.look(clock.now())[0].first_run_after == early.run_after


def test_what_was_put_back_is_looked_for_at_once(costly: LaneWatch) -> None:
    costly.forget()
    assert _looks_at_everything(costly)


def test_all_are_dispatched_beside_the_report_in_their_order(
    report: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 0.0)
    dispatcher = Dispatcher()
    ids: list[int] = []
    for _ in range(30):
        ids.extend(tasks_core.enqueue_many("plain", [{}] * 3))
        ids.append(tasks_core.enqueue("plain", {}, priority=tasks_core.LOW).pk)
        dispatcher.dispatch()
    for _ in range(100):
        Task.objects.filter(state=State.QUEUED).update(state=State.CANCELLED)
        dispatcher.dispatch()
    assert not Task.objects.filter(state=State.SCHEDULED).exists()


def test_remembered_task_that_is_gone_hides_none_that_came_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dispatcher = Dispatcher()
    later = tasks_core.schedule_delayed("plain", {}, delay=60)
    dispatcher.dispatch()
    tasks_core.cancel(later.pk, reason="test")
    sooner = tasks_core.schedule_delayed("plain", {}, delay=30)
    with clock.frozen(later.run_after):
        assert dispatcher.dispatch().dispatched == 1
    assert state_of(sooner.pk) is State.QUEUED


def test_table_of_tasks_is_vacuumed_before_a_fifth_of_it_is_dead() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = 'tasks_core_task'::regclass")
        [options] = cursor.fetchone()
    assert "autovacuum_vacuum_scale_factor=0.02" in options


def _let_many_run() -> None:
    """Let many tasks be run to their end: what was QUEUED and RUNNING has left the indexes of both."""
    _take_many()
    began = clock.now() - timedelta(minutes=10)
    with connection.cursor() as cursor:
        for columns in (
            "queued_at = %(began)s + id * interval '1 ms'",
            "expires_at = %(began)s + id * interval '1 ms'",
            "state = 'RUNNING', lease_until = %(began)s + id * interval '1 ms', worker = 'w:1'",
            "state = 'SUCCEEDED', lease_until = NULL, finished_at = %(began)s",
        ):
            cursor.execute(f"UPDATE tasks_core_task SET {columns}", {"began": began})
        cursor.execute("ANALYZE tasks_core_task")


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize(
    "sql",
    [
        end.FIRST_EXPIRY,
        recover.FIRST_QUEUED,
        recover.FIRST_LEASE,
        recover.QUEUED_LANES,
        recover.LOST,
        recover.ABANDONED,
        recover.LOCKED,
        ageing.LOCK_STARVING,
        progress.URGENT,
    ],
)
def test_recovery_and_ageing_read_nothing_of_what_has_run_before(sql: str) -> None:
    _let_many_run()
    now = clock.now()
    for priority in (1, 2):
        advance_lane("default", priority, claimed_until=now + priority * timedelta(hours=1))
    parameters = {
        "queue_name": "default",
        "queue_names": ["default"],
        "priority": 2,
        "is_empty": True,
        "before": now + timedelta(minutes=1),
        "now": now + timedelta(minutes=1),
        "slack": timedelta(seconds=10),
        "limit": 500,
        "apart_from": [],
    }
    assert _blocks(sql, {**parameters, "since": BEGINNING}) > TAKEN / 200
    assert _blocks(sql, {**parameters, "since": now}) < FEW_BLOCKS


@pytest.fixture
def costly_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks at everything be costly, after the first few of them."""
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 0.0)
    monkeypatch.setattr(full_looks, "PAUSE", 1e9)
    monkeypatch.setattr(full_looks, "LONGEST_PAUSE_SECONDS", 1e9)


def _rows_at(*instants: datetime) -> Callable[[datetime], datetime | None]:
    return lambda since: min((one for one in instants if one >= since), default=None)


@pytest.mark.usefixtures("costly_looks")
def test_lower_bound_lies_before_the_first_row_and_before_what_comes() -> None:
    now, asked = clock.now(), []

    def find(since: datetime) -> datetime | None:
        asked.append(since)
        return _rows_at(now - timedelta(minutes=1), now + timedelta(minutes=1))(since)

    bound = LowerBound(find)
    for _ in range(LAST_LOOKS):
        assert bound.first(now) == now - timedelta(minutes=1)
    assert asked == [BEGINNING] * LAST_LOOKS

    bound.first(now)
    assert asked[-1] == bound.since == now - timedelta(minutes=1)


@pytest.mark.usefixtures("costly_looks")
def test_lower_bound_of_nothing_is_a_while_ago() -> None:
    bound = LowerBound(_rows_at())
    for _ in range(LAST_LOOKS + 1):
        assert bound.first(clock.now()) is None
    assert bound.since < clock.now() - timedelta(seconds=5)


@pytest.mark.usefixtures("costly_looks")
def test_what_came_before_the_bound_is_found_once_it_is_time_or_the_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[datetime] = []
    bound, now = (
        LowerBound(lambda since: min((one for one in rows if one >= since), default=None)),
        clock.now(),
    )
    for _ in range(LAST_LOOKS):
        bound.first(now)
    rows.append(now - timedelta(hours=1))

    assert bound.first(now) is None
    assert bound.first(now - timedelta(seconds=1)) == rows[0]

    rows.insert(0, now - timedelta(hours=2))
    assert bound.first(now) == rows[1]
    monkeypatch.setattr(full_looks, "PAUSE", 0.0)
    assert bound.first(now) == rows[0]


@pytest.mark.usefixtures("report", "broker", "costly_looks")
def test_what_is_lost_is_recovered_and_what_starves_moves_up_beside_the_report() -> None:
    plain_type("elsewhere", queue_name="other")
    _let_many_run()
    for _ in range(LAST_LOOKS + 1):
        recover_attempts()
        recover_messages()
        promote()
    lost = tasks_core.enqueue_many("plain", [{}, {}])
    silent, starving = (
        tasks_core.enqueue("elsewhere", {}, priority=priority).pk
        for priority in (tasks_core.CRITICAL, tasks_core.LOW)
    )
    queue()
    take(lost)
    now = clock.now() + timedelta(seconds=61)
    advance_lane("other", tasks_core.HIGH, claimed_until=now)

    with clock.frozen(now):
        assert promote() == 1
        assert recover_attempts() == 2
        assert recover_messages() == 1

    assert Task.objects.get(pk=starving).priority == tasks_core.NORMAL
    assert state_of(silent) is State.SCHEDULED
    assert not Task.objects.filter(state=State.RUNNING).exists()
