"""A past range, run after all."""

from datetime import datetime, timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.exceptions import InvalidOption, InvalidSchedule, InvalidTransition
from tasks_core.models import Backfill, Schedule
from tasks_core.schedules import backfilling
from tasks_core.schedules.backfilling import advance_backfills, preview_backfill
from tests.support.life import plain_type
from tests.tasks_core.schedules.ticking import MINUTE, START, beat, end, every_minute, tasks_of

pytestmark = pytest.mark.usefixtures("transactional_db")

PAST = START - 5 * MINUTE
RANGE = (PAST, START - MINUTE)
DUES = [PAST + n * MINUTE for n in range(5)]


@pytest.fixture
def schedule() -> Schedule:
    plain_type()
    with clock.frozen(START):
        return every_minute()


def _work(at: datetime = START) -> None:
    with clock.frozen(at):
        while advance_backfills():
            pass


def _begin(**options: object) -> Backfill:
    with clock.frozen(START):
        return tasks_core.backfill("minutely", *RANGE, **options)  # type: ignore[arg-type]


def _intended(schedule: Schedule) -> list[datetime | None]:
    return [task.scheduled_for for task in tasks_of(schedule)]


@pytest.mark.parametrize(("order", "expected"), [("oldest", DUES), ("newest", DUES[::-1])])
@pytest.mark.parametrize("batch", [2, 200])
def test_each_tick_runs_in_order_one_at_a_time(
    order: str,
    expected: list[datetime],
    batch: int,
    schedule: Schedule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfilling, "BATCH", batch)
    plan = _begin(order=order)
    for count in range(1, 6):
        _work()
        assert len(tasks_of(schedule)) == count
        end(tasks_of(schedule)[-1])
    _work()

    assert _intended(schedule) == expected
    plan.refresh_from_db()
    assert plan.finished_at is not None
    assert (plan.looked_at, plan.enqueued) == (5, 5)


def test_backfills_that_wait_hold_back_none_of_the_others(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "AT_ONCE", 3)
    for _ in range(3):
        _begin()
    _work()
    last = _begin(reprocess="all")

    for _ in range(2):
        _work()

    last.refresh_from_db()
    assert last.enqueued == 1


def test_no_more_at_a_time_than_allowed(schedule: Schedule) -> None:
    _begin(concurrency=3)
    _work()

    assert len(tasks_of(schedule)) == 3


def test_backfilled_task_is_not_late(schedule: Schedule) -> None:
    _begin()
    _work()

    (task,) = tasks_of(schedule)
    assert (task.run_after, task.scheduled_for) == (START, PAST)


def test_dry_run_names_the_ticks_and_writes_nothing(schedule: Schedule) -> None:
    with clock.frozen(START):
        assert list(preview_backfill("minutely", *RANGE)) == DUES
        assert list(preview_backfill("minutely", *RANGE, order="newest")) == DUES[::-1]

    assert tasks_of(schedule) == []
    assert not Backfill.objects.exists()


@pytest.mark.parametrize(
    ("reprocess", "again"), [("none", []), ("failed", [1]), ("all", [0, 1, 2])]
)
def test_what_has_run_runs_again_only_if_asked(
    reprocess: str, again: list[int], schedule: Schedule
) -> None:
    for minutes in (1, 2, 3):
        beat(START + minutes * MINUTE)
    tasks = tasks_of(schedule)
    for task, state in zip(tasks, (State.SUCCEEDED, State.DEAD, State.SUCCEEDED), strict=True):
        end(task, state)
    later = START + 3 * MINUTE
    with clock.frozen(later):
        tasks_core.backfill("minutely", START + MINUTE, later, reprocess=reprocess, concurrency=9)
    _work(later)
    _work(later)

    assert _intended(schedule)[3:] == [START + (n + 1) * MINUTE for n in again]


def test_missed_ticks_run_and_excluded_ones_do_not() -> None:
    plain_type()
    with clock.frozen(START):
        schedule = every_minute(
            misfire="skip",
            exclusions={"periods": [["2026-03-02T12:02:00", "2026-03-02T12:03:00"]]},
        )
    late = START + timedelta(hours=1)
    beat(late)
    fired = len(tasks_of(schedule))
    with clock.frozen(late):
        tasks_core.backfill("minutely", START, START + 3 * MINUTE, concurrency=9)
    _work(late)

    assert _intended(schedule)[fired:] == [START + n * MINUTE for n in (0, 1, 3)]


def test_cancelled_backfill_enqueues_no_more(schedule: Schedule) -> None:
    plan = _begin()
    _work()
    tasks_core.cancel_backfill(plan.pk)
    end(tasks_of(schedule)[0])
    _work()

    assert len(tasks_of(schedule)) == 1
    with pytest.raises(InvalidTransition):
        tasks_core.cancel_backfill(plan.pk)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "random"}, "order must be one of oldest, newest"),
        ({"reprocess": "some"}, "reprocess must be one of none, failed, all"),
        ({"concurrency": 0}, "concurrency must be between 1 and"),
        ({"concurrency": "2"}, "concurrency must be between 1 and 10,000, not '2'"),
        ({"concurrency": True}, "concurrency must be between 1 and 10,000, not True"),
    ],
)
def test_bad_request_is_refused(
    options: dict[str, object], message: str, schedule: Schedule
) -> None:
    with pytest.raises(InvalidOption, match=message):
        _begin(**options)


def test_range_must_lie_in_the_past(schedule: Schedule) -> None:
    with clock.frozen(START), pytest.raises(InvalidSchedule, match="nor end after now"):
        tasks_core.backfill("minutely", START, START + MINUTE)


def test_range_may_end_now_by_a_callers_clock_that_is_ahead(schedule: Schedule) -> None:
    with clock.frozen(START):
        ahead = START + timedelta(seconds=3)
        until_now = list(tasks_core.preview_backfill("minutely", PAST, START))
        assert list(tasks_core.preview_backfill("minutely", PAST, ahead)) == until_now
        assert list(tasks_core.preview_backfill("minutely", ahead, ahead)) == until_now[-1:]


def test_range_must_have_a_time_zone(schedule: Schedule) -> None:
    with clock.frozen(START), pytest.raises(InvalidSchedule, match=r"end .* has no time zone"):
        tasks_core.backfill("minutely", PAST, START.replace(tzinfo=None))
