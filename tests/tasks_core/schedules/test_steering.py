"""Pause, resume, edit, trigger, preview, delete."""

import math
from datetime import timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.exceptions import (
    DuplicateSchedule,
    InvalidOption,
    InvalidPayload,
    InvalidSchedule,
    InvalidTransition,
    ScheduleNotFound,
    UnknownTaskType,
)
from tasks_core.models import Occurrence, Schedule
from tests.support.life import plain_type
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


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_ticks_of_a_pause_are_on_record_as_paused() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        tasks_core.pause_schedule("minutely", reason="bank holiday", author="ann")
    for minutes in (1, 2):
        beat(START + minutes * MINUTE)
    with clock.frozen(START + 2.5 * MINUTE):
        tasks_core.resume_schedule("minutely")
    beat(START + 3 * MINUTE)

    assert outcomes(schedule, START + 3 * MINUTE) == ["paused", "paused", "fired"]
    assert schedule.occurrences.filter(outcome="paused")[0].reason == "bank holiday"


def test_pause_that_is_ended_while_no_beat_ran_leaves_its_ticks_paused() -> None:
    with clock.frozen(START):
        schedule = every_minute(misfire="run_all")
        tasks_core.pause_schedule("minutely", reason="quiet")
    with clock.frozen(START + 2.5 * MINUTE):
        tasks_core.resume_schedule("minutely")
    beat(START + 3 * MINUTE)

    assert outcomes(schedule, START + 3 * MINUTE) == ["paused", "paused", "fired"]


def test_pause_ends_by_itself() -> None:
    with clock.frozen(START):
        schedule = every_minute(misfire="run_all")
        tasks_core.pause_schedule("minutely", reason="quiet", resume_at=START + 2.5 * MINUTE)
    beat(START + 4 * MINUTE)

    assert outcomes(schedule, START + 4 * MINUTE) == ["paused", "paused", "fired", "fired"]
    schedule.refresh_from_db()
    assert schedule.paused_at is None


def test_pausing_twice_and_resuming_what_runs_are_refused() -> None:
    every_minute()
    with pytest.raises(InvalidTransition, match="is not paused"):
        tasks_core.resume_schedule("minutely")
    tasks_core.pause_schedule("minutely", reason="why not")
    with pytest.raises(InvalidTransition, match=r"is paused since .*: why not"):
        tasks_core.pause_schedule("minutely", reason="again")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reason": " "}, InvalidOption, "reason must say in 1 to 200 characters why"),
        ({"reason": None}, InvalidOption, "reason must be a string, not NoneType"),
        ({"reason": "?" * 201}, InvalidOption, "reason must have at most 200 characters, not 201"),
        ({"resume_at": "monday"}, InvalidSchedule, "resume_at must be a datetime, not str"),
        ({"resume_at": START.replace(tzinfo=None)}, InvalidSchedule, "resume_at .* no time zone"),
        ({"resume_at": START}, InvalidSchedule, "resume_at must lie in the future"),
    ],
)
def test_pause_that_cannot_be_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with clock.frozen(START):
        schedule = every_minute()
        with pytest.raises(error, match=message):
            tasks_core.pause_schedule("minutely", **{"reason": "quiet", **options})

    schedule.refresh_from_db()
    assert schedule.paused_at is None


def test_new_expression_replaces_the_ticks_to_come() -> None:
    with clock.frozen(START):
        schedule = every_minute()
    beat(START + MINUTE)
    with clock.frozen(START + 1.5 * MINUTE):
        tasks_core.update_schedule("minutely", cron="*/10 * * * *")

    dues = schedule.occurrences.order_by("due").values_list("due", flat=True)
    assert list(dues[:3]) == [START + n * MINUTE for n in (1, 10, 20)]


def test_tick_that_was_due_before_the_edit_still_runs() -> None:
    with clock.frozen(START):
        schedule = every_minute()
    with clock.frozen(START + 1.5 * MINUTE):
        tasks_core.update_schedule("minutely", cron="0 0 1 1 *")
    beat(START + 1.6 * MINUTE)

    assert [task.scheduled_for for task in tasks_of(schedule)] == [START + MINUTE]


def test_new_payload_applies_to_all_that_has_not_fired() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        upcoming = set(schedule.occurrences.values_list("id", flat=True))
    beat(START + MINUTE)
    with clock.frozen(START + 1.5 * MINUTE):
        tasks_core.update_schedule("minutely", payload={"n": 2})
    beat(START + 2 * MINUTE)

    assert [task.payload for task in tasks_of(schedule)] == [{"n": 1}, {"n": 2}]
    assert upcoming <= set(schedule.occurrences.values_list("id", flat=True))


def test_schedule_is_switched_off_and_on() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        tasks_core.update_schedule("minutely", is_enabled=False)
    beat(START + 2 * MINUTE)
    assert not schedule.occurrences.exists()
    with clock.frozen(START + 2 * MINUTE):
        tasks_core.update_schedule("minutely", is_enabled=True)
    beat(START + 3 * MINUTE)
    assert outcomes(schedule, START + 3 * MINUTE) == ["fired"]


def test_trigger_runs_it_once_more() -> None:
    with clock.frozen(START):
        schedule = every_minute(overlap="skip")
    with clock.frozen(START + timedelta(seconds=10)):
        task = tasks_core.trigger_now("minutely")

    assert task.payload == {"n": 1}
    manual = Occurrence.objects.get(task_id=task.pk)
    assert (manual.kind, manual.outcome) == ("manual", "fired")
    assert len(tasks_of(schedule)) == 1


def test_deleted_schedule_keeps_its_ledger_and_frees_its_name() -> None:
    with clock.frozen(START):
        schedule = every_minute()
    beat(START + MINUTE)
    with clock.frozen(START + 1.5 * MINUTE):
        tasks_core.delete_schedule("minutely")
    beat(START + 5 * MINUTE)

    assert outcomes(schedule, START + 9 * MINUTE) == ["fired"]
    with pytest.raises(ScheduleNotFound):
        tasks_core.get_schedule("minutely")
    every_minute()


def test_one_tick_can_be_left_out() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        first = schedule.occurrences.order_by("due")[0]
        assert tasks_core.cancel_occurrence(first.pk, reason="not today")
    beat(START + 2 * MINUTE)

    assert outcomes(schedule, START + 2 * MINUTE) == ["cancelled", "fired"]
    assert not tasks_core.cancel_occurrence(first.pk)


def test_preview_shows_what_will_be_left_out() -> None:
    with clock.frozen(START):
        every_minute(cron="0 12 * * *", exclusions={"dates": ["2026-03-03"]})
        ticks = tasks_core.preview_schedule("minutely", 2)

    tomorrow = START + timedelta(days=1)
    assert [(tick.due, tick.withheld) for tick in ticks] == [
        (tomorrow, "excluded"),
        (tomorrow + timedelta(days=1), None),
    ]


def test_preview_goes_beyond_the_ledger_and_leaves_it_as_it_is() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        stored = schedule.occurrences.count()
        ticks = tasks_core.preview_schedule("minutely", 3 * stored)

    assert [tick.due for tick in ticks] == [START + n * MINUTE for n in range(1, 3 * stored + 1)]
    assert schedule.occurrences.count() == stored


def test_declaring_again_replaces() -> None:
    first = every_minute(replace=True, description="one")
    second = every_minute(replace=True, description="two", cron="0 * * * *")

    assert (first.pk, second.description) == (second.pk, "two")
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"cron": "61 * * * *"},
            InvalidSchedule,
            '^minute: "61" is out of range, minutes are 0 to',
        ),
        (
            {"cron": "0 0 30 2 *"},
            InvalidSchedule,
            '^day of month: "30" never comes in month "2", so this would never run',
        ),
        ({"cron": None}, InvalidSchedule, "give cron or every"),
        ({"every": 60}, InvalidSchedule, "give cron or every"),
        ({"timezone": "Europe/Berln"}, InvalidSchedule, "did you mean Europe/Berlin"),
        ({"misfire": "never"}, InvalidOption, "misfire must be one of skip, run_once, run_all"),
        ({"overlap": "maybe"}, InvalidOption, "overlap must be one of allow"),
        ({"max_runs": 0}, InvalidOption, "max_runs must be a number from 1 up"),
        ({"jitter": -1}, InvalidOption, "jitter must not be negative"),
        ({"jitter": math.inf}, InvalidOption, "jitter inf is out of range"),
        ({"jitter": math.nan}, InvalidOption, "jitter nan is out of range"),
        ({"jitter": "5"}, InvalidOption, "jitter must be a timedelta or seconds, not str"),
        ({"misfire_grace": 1e300}, InvalidOption, r"misfire_grace 1e\+300 is out of range"),
        ({"misfire_max_age": timedelta.max}, InvalidOption, "misfire_max_age must be at most 3660"),
        ({"start_at": START.replace(tzinfo=None)}, InvalidSchedule, "start_at .* has no time zone"),
        ({"start_at": "noon"}, InvalidSchedule, "start_at must be a datetime, not str"),
        (
            {"start_at": START, "end_at": START - MINUTE},
            InvalidSchedule,
            "^end must not lie before start",
        ),
        (
            {"exclusions": {"days": []}},
            InvalidSchedule,
            '^exclusions: "days" is not known, there are',
        ),
        (
            {"exclusions": {"dates": ["soon"]}},
            InvalidSchedule,
            '^exclusions: dates: "soon" ',
        ),
        ({"payload": "text"}, InvalidPayload, "^payload: Input should be a valid dictionary"),
        ({"priority": 9}, InvalidOption, "^priority must be 0 .* not 9"),
        ({"tags": "one"}, InvalidOption, "tags must be a list"),
        ({"retry": "no-such"}, InvalidOption, "^retry: no retry policy is called 'no-such'"),
        ({"misfire_max_age": 5}, InvalidSchedule, "max_age must be at least the grace"),
    ],
)
def test_bad_request_is_refused_at_the_door(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with clock.frozen(START), pytest.raises(error, match=message):
        every_minute(**options)

    assert not Schedule.objects.exists()


def test_unknown_type_and_taken_name_are_refused() -> None:
    with pytest.raises(UnknownTaskType):
        tasks_core.schedule_recurring("plan", cron="* * * * *")
    every_minute()
    with pytest.raises(DuplicateSchedule, match="minutely"):
        every_minute()


def test_bad_edit_changes_nothing() -> None:
    with clock.frozen(START):
        schedule = every_minute()
        with pytest.raises(InvalidSchedule):
            tasks_core.update_schedule("minutely", cron="bad", payload={"n": 9})
        with pytest.raises(InvalidOption, match="colour is no option"):
            tasks_core.update_schedule("minutely", colour="red")
        with pytest.raises(InvalidOption, match="is_enabled must be True or False, not 'false'"):
            tasks_core.update_schedule("minutely", is_enabled="false")
        with pytest.raises(InvalidOption, match="source is no option"):
            tasks_core.update_schedule("minutely", source="periodic-task-7")

    schedule.refresh_from_db()
    assert (schedule.expression, schedule.payload) == ("* * * * *", {"n": 1})
    assert schedule.source == ""
    assert schedule.occurrences.count() == 150


def test_task_that_is_run_again_keeps_its_tick() -> None:
    with clock.frozen(START):
        schedule = every_minute()
    beat(START + MINUTE)
    (task,) = tasks_of(schedule)
    end(task)

    again = tasks_core.enqueue_again(task.pk)

    assert again.scheduled_for == START + MINUTE
    assert [t.scheduled_for for t in tasks_of(schedule)] == [START + MINUTE] * 2
