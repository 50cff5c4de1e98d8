"""A look at a whole index that a time limit cuts each time: what is new is found, and later the rest."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection

import tasks_core
from tasks_core import clock
from tasks_core.database import fetch, full_looks
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.lower_bound import BEGINNING, LowerBound
from tasks_core.due_lanes.lane_watch import LaneWatch
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.engine.states import State
from tasks_core.sql import dispatch
from tests.support.life import plain_type, state_of

pytestmark = pytest.mark.usefixtures("transactional_db")

COSTS = 0.5


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """Let no statement of this role take as long as a look at everything does."""
    plain_type()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '200ms'")
    yield
    connection.close()


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = f"SELECT lane.* FROM (SELECT pg_sleep({COSTS})) slow, ({dispatch.LANES}) lane"
    monkeypatch.setattr(dispatch, "LANES", lanes)


def _find(since: datetime) -> datetime | None:
    """Find the first task; from the beginning on that is a look at everything."""
    if since == BEGINNING:
        fetch("SELECT pg_sleep(%(seconds)s)", {"seconds": COSTS})
    first = "SELECT min(run_after) FROM tasks_core_task WHERE run_after >= %(since)s"
    found: datetime | None = fetch(first, {"since": since})[0][0]
    return found


@pytest.mark.usefixtures("costly")
def test_dispatch_goes_on_in_a_beat_whose_first_look_was_cut() -> None:
    dispatcher = Dispatcher()
    early = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(minutes=5))
    with pytest.raises(OperationalError, match="statement timeout"):
        dispatcher.dispatch()
    new = tasks_core.enqueue("plain", {})
    assert dispatcher.dispatch().dispatched == 1
    assert (state_of(early.pk), state_of(new.pk)) == (State.SCHEDULED, State.QUEUED)


@pytest.mark.usefixtures("costly")
def test_what_is_in_front_is_found_by_a_later_look_of_beat_that_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(full_looks, "LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 0.0)
    watch = LaneWatch()
    with answers_within():
        early = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(minutes=5))
        with pytest.raises(OperationalError, match="statement timeout"):
            watch.look(clock.now())
        watch.forget()
        assert watch.look(clock.now()) == [], "it is not due again at once"
        time.sleep(0.1)
        [lane] = watch.look(clock.now())
        assert lane.first_run_after == early.run_after
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("200ms",)


def test_lower_bound_whose_first_look_was_cut_finds_what_is_new() -> None:
    bound = LowerBound(_find)
    with pytest.raises(OperationalError, match="statement timeout"):
        bound.first(clock.now())
    task = tasks_core.enqueue("plain", {})
    assert bound.first(clock.now()) == task.run_after


def test_lower_bound_that_knows_where_rows_begin_goes_on_from_there() -> None:
    task = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(hours=1))
    bound = LowerBound(_find)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    assert bound.first(clock.now()) == task.run_after
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '200ms'")
    with pytest.raises(OperationalError, match="statement timeout"):
        bound.first(clock.now())
    assert bound.first(clock.now()) == task.run_after


@pytest.mark.parametrize("is_patient", [True, False])
def test_handler_is_not_kept_waiting_for_a_look_as_beat_is(
    monkeypatch: pytest.MonkeyPatch, is_patient: bool
) -> None:
    monkeypatch.setattr(full_looks, "LONGEST_PAUSE_SECONDS", 0.0)
    task = tasks_core.enqueue("plain", {})
    bound = LowerBound(_find, is_patient=is_patient)
    with answers_within():
        with pytest.raises(OperationalError, match="statement timeout"):
            bound.first(clock.now())
        if is_patient:
            assert bound.first(clock.now()) == task.run_after
        else:
            with pytest.raises(OperationalError, match="statement timeout"):
                bound.first(clock.now())


def test_server_that_was_away_is_asked_for_everything_as_soon_as_it_is_back() -> None:
    task = tasks_core.schedule_once("plain", {}, at=clock.now() - timedelta(hours=1))
    asked: list[datetime] = []

    def find(since: datetime) -> datetime | None:
        asked.append(since)
        if len(asked) == 1:
            fetch("SELECT pg_terminate_backend(pg_backend_pid())", {})
        return task.run_after

    bound = LowerBound(find)
    with pytest.raises(OperationalError):
        bound.first(clock.now())
    connection.close()
    assert bound.first(clock.now()) == task.run_after
    assert asked == [BEGINNING, BEGINNING]
