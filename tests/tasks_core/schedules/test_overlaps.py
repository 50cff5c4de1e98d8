"""Ticks whose predecessor is still at work."""

from datetime import timedelta

import pytest

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.engine.states import State
from tests.tasks_core.life import plain_type, state_of
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
    grace = timedelta(seconds=setting("CANCEL_GRACE_SECONDS"))
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
