"""The ledger: every tick has one row, and enough of those to come are there to be seen."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

import tasks_core
from tasks_core import clock
from tasks_core.models import Occurrence, Task
from tasks_core.schedules.generator import FEWEST, FILL_TO, generate
from tasks_core.worker.executor import execute
from tests.support.life import plain_type, queue
from tests.tasks_core.schedules.ticking import (
    MINUTE,
    START,
    beat,
    every_minute,
    outcomes,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_new_schedule_has_its_upcoming_ticks_at_once() -> None:
    with clock.frozen(START):
        schedule = every_minute()

    dues = list(schedule.occurrences.order_by("due").values_list("due", flat=True))
    assert dues == [START + n * MINUTE for n in range(1, FILL_TO + 1)]
    schedule.refresh_from_db()
    assert schedule.next_fire_at == START + MINUTE


def test_rolled_back_schedule_leaves_nothing() -> None:
    with transaction.atomic():
        every_minute()
        transaction.set_rollback(True)

    assert not Occurrence.objects.exists()


def test_tick_that_is_due_makes_one_task_with_the_intended_time() -> None:
    with clock.frozen(START):
        schedule = every_minute(tags=["nightly"], priority=tasks_core.HIGH)

    beat(START + MINUTE + timedelta(seconds=3))

    (task,) = tasks_of(schedule)
    assert task.scheduled_for == START + MINUTE
    assert (task.payload, task.tags, task.priority) == ({"n": 1}, ["nightly"], tasks_core.HIGH)
    occurrence = Occurrence.objects.get(task_id=task.pk)
    assert (occurrence.due, occurrence.outcome) == (START + MINUTE, "fired")


def test_handler_is_told_the_intended_time() -> None:
    told: list[tuple[object, str]] = []

    @tasks_core.task_type("listening")
    def listening(payload: dict[str, object], context: tasks_core.TaskContext) -> None:
        told.append((context.scheduled_for, context.idempotency_key))

    with clock.frozen(START):
        tasks_core.schedule_recurring("listening", cron="* * * * *")
    beat(START + MINUTE + timedelta(seconds=30))
    task = Task.objects.get()
    queue()
    execute("listening", [task.pk], worker="w")

    ((scheduled_for, key),) = told
    assert scheduled_for == START + MINUTE
    assert key.startswith(f"schedule-{task.schedule_id}-")


def test_nothing_fires_early_or_twice() -> None:
    with clock.frozen(START):
        schedule = every_minute()

    beat(START + MINUTE - timedelta(microseconds=1))
    assert tasks_of(schedule) == []
    for _ in range(3):
        beat(START + MINUTE)
    assert len(tasks_of(schedule)) == 1


def test_there_are_always_enough_upcoming_ticks() -> None:
    with clock.frozen(START):
        schedule = every_minute()

    for minutes in range(1, 130):
        now = START + minutes * MINUTE
        beat(now)
        assert schedule.occurrences.upcoming().filter(due__gt=now).count() >= FEWEST


def test_generating_again_adds_nothing() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        assert generate() == 0
        type(schedule).objects.update(refill_at=START, generated_until=START)
        assert generate() == 1

    assert schedule.occurrences.count() == FILL_TO


def test_every_tick_of_a_long_absence_is_on_record() -> None:
    with clock.frozen(START):
        schedule = every_minute(misfire="skip")
    late = START + timedelta(days=1)

    beat(late)

    found = outcomes(schedule, late)
    assert len(found) == 24 * 60
    assert set(found[:-2]) == {"skipped_misfire"}
    assert found[-2:] == ["fired", "fired"]  # one is due now, one within its minute of grace


def test_schedule_that_ends_has_no_more_ticks() -> None:
    with clock.frozen(START):
        schedule = every_minute(end_at=START + 3 * MINUTE)

    assert schedule.occurrences.count() == 3
    beat(START + 10 * MINUTE)
    with clock.frozen(START + 10 * MINUTE):
        assert generate() == 0
    assert schedule.occurrences.count() == 3


def test_start_and_end_are_included() -> None:
    with clock.frozen(START):
        schedule = every_minute(start_at=START + 5 * MINUTE, end_at=START + 6 * MINUTE)

    dues = sorted(schedule.occurrences.values_list("due", flat=True))
    assert dues == [START + 5 * MINUTE, START + 6 * MINUTE]


def test_no_more_runs_than_allowed() -> None:
    with clock.frozen(START):
        schedule = every_minute(max_runs=2)

    assert schedule.occurrences.count() == 2
    for minutes in range(1, 6):
        beat(START + minutes * MINUTE)
    schedule.refresh_from_db()
    assert (len(tasks_of(schedule)), schedule.runs) == (2, 2)
    assert not schedule.occurrences.upcoming().exists()


def test_ticks_that_did_not_run_do_not_count_as_runs() -> None:
    with clock.frozen(START):
        schedule = every_minute(max_runs=2, misfire="skip")

    beat(START + 10 * MINUTE + timedelta(seconds=30))
    for minutes in range(11, 15):
        beat(START + minutes * MINUTE)
    assert len(tasks_of(schedule)) == 2


def test_jitter_puts_a_tick_off_and_keeps_its_intended_time() -> None:
    with clock.frozen(START):
        schedule = every_minute(jitter=30)
    tick = schedule.occurrences.order_by("due")[0]
    assert timedelta(0) < tick.fire_at - tick.due < timedelta(seconds=30)

    beat(tick.fire_at - timedelta(microseconds=1))
    assert tasks_of(schedule) == []
    beat(tick.fire_at)

    (task,) = tasks_of(schedule)
    assert task.scheduled_for == tick.due


def test_excluded_ticks_are_on_record_and_do_not_run() -> None:
    with clock.frozen(START):
        schedule = every_minute(cron="0 12 * * *", exclusions={"dates": ["2026-03-03"]})

    beat(START + timedelta(days=2))

    assert outcomes(schedule, START + timedelta(days=2)) == ["excluded", "fired"]


def test_hour_that_clocks_leave_out_or_repeat_is_accounted_for() -> None:
    with clock.frozen(datetime(2026, 10, 24, 12, 0, tzinfo=UTC)):
        schedule = every_minute(cron="30 2 * * *", timezone="Europe/Berlin")

    found = schedule.occurrences.order_by("due").values_list("due", "outcome")[:2]
    assert list(found) == [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "upcoming"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "skipped_dst"),
    ]


def test_interval_does_not_drift() -> None:
    with clock.frozen(START):
        schedule = tasks_core.schedule_recurring("plain", name="often", every="every 90 s")
    for n in range(1, 20):
        beat(START + n * timedelta(seconds=90) + timedelta(milliseconds=137 * n))

    assert [task.scheduled_for for task in tasks_of(schedule)] == [
        START + n * timedelta(seconds=90) for n in range(1, 20)
    ]


def test_schedule_that_this_release_cannot_read_stops_no_other() -> None:
    with clock.frozen(START):
        odd = every_minute(name="odd")
        other = every_minute(name="other")
    odd.occurrences.filter(due__gt=START + 2 * MINUTE).delete()
    type(odd).objects.filter(pk=odd.pk).update(
        expression="from the next release", refill_at=START, generated_until=START + 2 * MINUTE
    )
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)

    assert outcomes(odd, START + 3 * MINUTE) == ["fired", "fired"]
    assert outcomes(other, START + 3 * MINUTE) == ["fired"] * 3


def test_what_is_overdue_when_the_last_run_is_over_is_settled() -> None:
    with clock.frozen(START):
        schedule = every_minute(max_runs=3)
        tasks_core.trigger_now("minutely")
    beat(START + 3 * MINUTE)
    beat(START + 5 * MINUTE)

    schedule.refresh_from_db()
    assert schedule.runs == 3
    assert not schedule.occurrences.overdue(START + 5 * MINUTE).exists()
