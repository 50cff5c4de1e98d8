"""What is left of a schedule that was deleted or switched off."""

from collections.abc import Callable
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.models import Backfill, Schedule
from tasks_core.schedules.backfilling import advance_backfills
from tests.support.life import plain_type
from tests.tasks_core.schedules import periodic
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
LATER = THIRD + timedelta(seconds=30)


def _delete() -> None:
    tasks_core.delete_schedule("minutely")


def _switch_off() -> None:
    tasks_core.update_schedule("minutely", is_enabled=False)


ENDINGS = pytest.mark.parametrize(
    ("end_it", "reason"),
    [(_delete, "the schedule was deleted"), (_switch_off, "the schedule was switched off")],
)


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def _with_two_waiting() -> Schedule:
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_all")
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)
    assert outcomes(schedule, THIRD) == ["fired", "buffered", "buffered"]
    return schedule


@ENDINGS
def test_ticks_that_wait_for_another_are_cancelled(end_it: Callable[[], None], reason: str) -> None:
    schedule = _with_two_waiting()
    with clock.frozen(LATER):
        end_it()
    end(tasks_of(schedule)[0])
    beat(LATER + MINUTE)

    assert outcomes(schedule, LATER) == ["fired", "cancelled", "cancelled"]
    assert len(tasks_of(schedule)) == 1
    cancelled = schedule.occurrences.filter(outcome="cancelled")
    assert set(cancelled.values_list("reason", "decided_at")) == {(reason, LATER)}


@ENDINGS
def test_ticks_that_were_due_are_cancelled(end_it: Callable[[], None], reason: str) -> None:
    with clock.frozen(START):
        schedule = every_minute()
    with clock.frozen(LATER):
        end_it()

    rows = schedule.occurrences.filter(due__lte=LATER).values_list("outcome", "reason")
    assert list(rows) == [("cancelled", reason)] * 3


@pytest.mark.parametrize("end_it", [_delete, _switch_off])
def test_backfills_at_work_are_cancelled(end_it: Callable[[], None]) -> None:
    with clock.frozen(START):
        schedule = every_minute()
        plan = tasks_core.backfill("minutely", START - 5 * MINUTE, START)
        advance_backfills()
        end_it()
        end(tasks_of(schedule)[0])
        assert advance_backfills() == 0

    plan.refresh_from_db()
    assert (plan.cancelled_at, plan.finished_at, plan.enqueued) == (START, None, 1)
    assert len(tasks_of(schedule)) == 1


def test_backfill_of_a_schedule_that_is_off_survives_its_edits() -> None:
    with clock.frozen(START):
        every_minute()
        _switch_off()
        tasks_core.backfill("minutely", START - MINUTE, START)
        tasks_core.update_schedule("minutely", cron="*/2 * * * *")

    assert Backfill.objects.at_work().exists()


def test_edit_leaves_ticks_that_wait() -> None:
    schedule = _with_two_waiting()
    with clock.frozen(LATER):
        tasks_core.update_schedule("minutely", cron="0 0 1 1 *")
    end(tasks_of(schedule)[0])
    beat(LATER)

    assert outcomes(schedule, LATER) == ["fired", "fired", "buffered"]


@pytest.mark.usefixtures("transactional_db")
def test_backfill_of_a_periodic_task_ends_with_it() -> None:
    row = periodic.periodic(START)
    periodic.look(START)
    with clock.frozen(START):
        plan = tasks_core.backfill(periodic.mirror_of(row).name, START - MINUTE, START)
    row.delete()
    periodic.look(START + MINUTE)

    plan.refresh_from_db()
    assert plan.cancelled_at == START + MINUTE
