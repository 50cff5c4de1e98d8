"""Ticks whose predecessor is still at work."""

from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from tasks_core import clock, conf
from tasks_core.engine.states import State
from tasks_core.schedules.backfilling import advance_backfills
from tests.support.life import plain_type, state_of
from tests.tasks_core.schedules.ticking import (
    MINUTE,
    START,
    beat,
    end,
    every_minute,
    outcomes,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")

THIRD = START + 3 * MINUTE


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("allow", ["fired", "fired", "fired"]),
        ("skip", ["fired", "skipped_overlap", "skipped_overlap"]),
        ("buffer_one", ["fired", "buffered", "skipped_overlap"]),
        ("buffer_all", ["fired", "buffered", "buffered"]),
        ("terminate_other", ["fired", "fired", "fired"]),
    ],
)
def test_policy_decides_while_the_first_is_unfinished(overlap: str, expected: list[str]) -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap=overlap)
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)

    assert outcomes(schedule, THIRD) == expected


def test_buffered_ticks_run_one_after_the_other() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_all", end_at=THIRD)
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)
    assert len(tasks_of(schedule)) == 1

    for expected in (2, 3):
        end(tasks_of(schedule)[-1])
        beat(THIRD)
        beat(THIRD)
        assert len(tasks_of(schedule)) == expected

    assert outcomes(schedule, THIRD) == ["fired"] * 3
    assert [task.scheduled_for for task in tasks_of(schedule)] == [
        START + n * MINUTE for n in (1, 2, 3)
    ]


def test_ticks_that_wait_do_not_run_beyond_the_runs_allowed() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_all", max_runs=2)
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)
    for _ in range(3):
        for task in tasks_of(schedule):
            end(task)
        beat(THIRD)

    assert len(tasks_of(schedule)) == 2
    assert outcomes(schedule, THIRD) == ["fired", "fired", "cancelled"]
    last = schedule.occurrences.get(due=THIRD)
    assert last.reason == "max_runs (2) reached"


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("skip", ["fired", "fired", "skipped_overlap"]),
        ("buffer_one", ["fired", "fired", "buffered"]),
        ("cancel_other", ["fired", "fired", "buffered"]),
    ],
)
def test_tasks_of_a_backfill_do_not_count_for_live_ticks(overlap: str, expected: list[str]) -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap=overlap)
        tasks_core.backfill("minutely", START - 5 * MINUTE, START - MINUTE)
        while advance_backfills():
            pass
    (past,) = tasks_of(schedule)
    beat(START + MINUTE)
    live = tasks_of(schedule)[-1]
    end(live)
    beat(START + 2 * MINUTE)
    beat(THIRD)

    ticks = schedule.occurrences.filter(kind="tick", due__lte=THIRD).order_by("due")
    assert list(ticks.values_list("outcome", flat=True)) == expected
    assert state_of(past.pk) is State.SCHEDULED


def test_held_tick_is_released_beside_a_backfill() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_one", end_at=START + 2 * MINUTE)
        tasks_core.backfill("minutely", START - 5 * MINUTE, START - MINUTE)
        while advance_backfills():
            pass
    for minutes in (1, 2):
        beat(START + minutes * MINUTE)
    end(tasks_of(schedule)[-1])
    beat(START + 2 * MINUTE)

    assert outcomes(schedule, START + 2 * MINUTE)[-2:] == ["fired", "fired"]


def test_ticks_that_wait_have_a_limit(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "BUFFERED_TICKS_LIMIT": 2}
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_all")
    for minutes in (1, 2, 3, 4, 5):
        beat(START + minutes * MINUTE)

    fifth = START + 5 * MINUTE
    assert outcomes(schedule, fifth) == ["fired"] + ["buffered"] * 2 + ["skipped_overlap"] * 2
    assert schedule.occurrences.get(due=fifth).reason == "2 wait already, as many as may"


def test_ticks_of_one_round_mind_each_other() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="skip", misfire="run_all")

    beat(THIRD)

    assert outcomes(schedule, THIRD) == ["caught_up", "skipped_overlap", "skipped_overlap"]


def test_other_is_cancelled_and_the_tick_begins_after_its_grace_time() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="cancel_other", end_at=START + 2 * MINUTE)
    beat(START + MINUTE)
    (first,) = tasks_of(schedule)
    beat(START + 2 * MINUTE)

    assert state_of(first.pk) is State.CANCELLED
    assert outcomes(schedule, START + 2 * MINUTE) == ["fired", "buffered"]
    grace = timedelta(seconds=conf.current().cancel_grace_seconds)
    beat(START + 2 * MINUTE + grace - timedelta(seconds=1))
    assert len(tasks_of(schedule)) == 1
    beat(START + 2 * MINUTE + grace)
    assert len(tasks_of(schedule)) == 2
    assert outcomes(schedule, START + 2 * MINUTE) == ["fired", "fired"]


def test_other_is_terminated_and_the_tick_begins_at_once() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="terminate_other")
    beat(START + MINUTE)
    beat(START + 2 * MINUTE)

    first, second = tasks_of(schedule)
    first.refresh_from_db()
    assert (first.state, first.terminated) == (State.CANCELLED, True)
    assert second.state == State.SCHEDULED
