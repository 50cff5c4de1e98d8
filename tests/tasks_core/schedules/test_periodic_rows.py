"""Rows of django-celery-beat become schedules, and schedules follow them whatever changes the rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

import tasks_core
from tasks_core import clock
from tasks_core.database import row_backoff
from tasks_core.exceptions import MirroredSchedule
from tasks_core.models import Occurrence, PeriodicTaskMirror, Schedule
from tasks_core.schedules.periodic_tasks import mirroring
from tests.support.life import plain_type
from tests.support.refusing import refusing
from tests.tasks_core.schedules.periodic import (
    beat,
    crontab,
    has_mirror,
    interval,
    look,
    mirror_of,
    periodic,
    problem_of,
    upcoming,
)
from tests.tasks_core.schedules.ticking import MINUTE, START, tasks_of

pytestmark = pytest.mark.usefixtures("transactional_db")
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_row_becomes_a_schedule_that_is_marked_as_its_mirror() -> None:
    row = periodic(START, "count the stock", description="each minute")
    beat(START)

    schedule = mirror_of(row)
    assert (schedule.name, schedule.description) == ("count the stock", "each minute")
    assert schedule.source == f"periodic-task-{row.pk}"
    assert upcoming(row)[:2] == [START + MINUTE, START + 2 * MINUTE]


def test_row_that_names_a_task_type_makes_tasks_of_it() -> None:
    by_kwargs = periodic(START, "a", task="plain", kwargs={"n": 1}, priority=1, queue="slow")
    by_args = periodic(START, "b", task="plain", args=[{"n": 2}], expire_seconds=30)
    beat(START)
    beat(START + MINUTE)

    (first,), (second,) = tasks_of(mirror_of(by_kwargs)), tasks_of(mirror_of(by_args))
    assert (first.task_type, first.payload) == ("plain", {"n": 1})
    assert (first.priority, first.queue_name) == (1, "slow")
    assert first.scheduled_for == START + MINUTE
    assert (second.payload, second.expires_at) == ({"n": 2}, START + MINUTE + 30 * SECOND)


def _rename(row: PeriodicTask) -> None:
    PeriodicTask.objects.filter(pk=row.pk).update(name="another")


def _queryset_update_of_the_crontab(row: PeriodicTask) -> None:
    CrontabSchedule.objects.filter(pk=row.crontab_id).update(minute="30")


def _other_schedule(row: PeriodicTask) -> None:
    PeriodicTask.objects.filter(pk=row.pk).update(crontab=None, interval=interval(7, "minutes"))


def _save(row: PeriodicTask) -> None:
    row.kwargs = '{"n": 2}'
    row.save()


CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (_rename, {"name": "another"}),
    (_queryset_update_of_the_crontab, {"expression": "30 * * * *"}),
    (_other_schedule, {"kind": "interval", "expression": "every 420 s"}),
    (_save, {"payload": {"n": 2}}),
]


@pytest.mark.parametrize(("change", "becomes"), CHANGES)
def test_change_of_a_row_changes_its_mirror(change: Any, becomes: dict[str, Any]) -> None:
    row = periodic(START, task="plain", kwargs={"n": 1})
    beat(START)
    before = mirror_of(row)
    change(row)
    beat(START + SECOND)

    after = mirror_of(row)
    assert after.pk == before.pk
    assert {field: getattr(after, field) for field in becomes} == becomes


def test_changed_time_replaces_what_is_to_come_and_no_more() -> None:
    row = periodic(START)
    beat(START)
    beat(START + MINUTE)
    CrontabSchedule.objects.update(minute="*/30")
    beat(START + MINUTE + SECOND)

    assert upcoming(row)[0] == START + 30 * MINUTE
    assert len(tasks_of(mirror_of(row))) == 1


def test_rows_made_in_bulk_are_found() -> None:
    every = interval(90)
    rows = PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"n{n}", task="plain", interval=every) for n in range(450)
    )
    look(clock.now())

    assert Schedule.objects.ticking().filter(kind="interval").count() == len(rows)


def test_row_that_is_switched_off_does_not_run_until_it_is_switched_on_again() -> None:
    row = periodic(START)
    beat(START)
    PeriodicTask.objects.update(enabled=False)
    beat(START + 10 * SECOND)
    beat(START + 5 * MINUTE)
    assert not has_mirror(row)
    assert tasks_of(mirror_of(row)) == []

    PeriodicTask.objects.update(enabled=True)
    beat(START + 5 * MINUTE + 10 * SECOND)
    beat(START + 6 * MINUTE)
    assert [task.scheduled_for for task in tasks_of(mirror_of(row))] == [START + 6 * MINUTE]


def test_row_that_is_deleted_takes_its_ticks_to_come_with_it_and_leaves_its_ledger() -> None:
    row = periodic(START)
    beat(START)
    beat(START + MINUTE)
    schedule = mirror_of(row)
    PeriodicTask.objects.all().delete()
    beat(START + MINUTE + SECOND)

    assert not Schedule.objects.existing().exists()
    assert not PeriodicTaskMirror.objects.exists()
    assert [o.due for o in Occurrence.objects.filter(schedule=schedule)] == [START + MINUTE]


def test_tick_between_a_change_and_the_look_at_it_is_not_lost() -> None:
    beat(START)
    row = periodic(START + 59 * SECOND, "new")
    other = periodic(START, "other", crontab=crontab("30"), last_run_at=START)
    beat(START + MINUTE + 2 * SECOND)
    assert [task.scheduled_for for task in tasks_of(mirror_of(row))] == [START + MINUTE]

    CrontabSchedule.objects.filter(pk=other.crontab_id).update(minute="2")
    beat(START + 2 * MINUTE + 3 * SECOND)
    assert [task.scheduled_for for task in tasks_of(mirror_of(other))] == [START + 2 * MINUTE]


def test_row_that_nobody_saw_for_long_runs_once() -> None:
    row = periodic(START, crontab=crontab("0", "*/6"), last_run_at=START)
    beat(START + timedelta(days=3, minutes=7))

    (task,) = tasks_of(mirror_of(row))
    assert task.scheduled_for == START + timedelta(days=3)


def test_absence_of_beat_is_made_up_for_by_one_run() -> None:
    row = periodic(START)
    beat(START)
    beat(START + timedelta(hours=3, seconds=59))

    due = [task.scheduled_for for task in tasks_of(mirror_of(row))]
    assert due == [START + timedelta(hours=3)]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_every_tick_until_a_change_is_on_record_however_late_it_is_seen(is_deleted: bool) -> None:
    row = periodic(START)
    beat(START)
    schedule = mirror_of(row)
    if is_deleted:
        row.delete()
    else:
        CrontabSchedule.objects.update(minute="30", hour="9")
    late = START + timedelta(hours=7, seconds=1)
    beat(late)

    ticks = Occurrence.objects.filter(schedule=schedule, due__lte=late)
    assert ticks.count() == 7 * 60
    runs = ticks.filter(task_id__isnull=False)
    assert [tick.due for tick in runs] == ([] if is_deleted else [late - SECOND])


def test_runs_are_told_to_the_row() -> None:
    row = periodic(START, total_run_count=7)
    beat(START)
    for minute in (1, 2):
        beat(START + minute * MINUTE + SECOND)

    row.refresh_from_db()
    assert row.total_run_count == 9
    assert row.last_run_at == START + 2 * MINUTE + SECOND
    digest = PeriodicTaskMirror.objects.get(pk=row.pk).digest
    look(START + 3 * MINUTE)
    assert PeriodicTaskMirror.objects.get(pk=row.pk).digest == digest


def test_one_off_row_runs_once_and_is_switched_off() -> None:
    row = periodic(START, one_off=True)
    beat(START)
    for minute in range(1, 4):
        beat(START + minute * MINUTE)

    row.refresh_from_db()
    assert (row.enabled, row.total_run_count) == (False, 1)
    assert len(tasks_of(mirror_of(row))) == 1


def test_one_off_row_that_is_switched_on_again_runs_once_more() -> None:
    row = periodic(START, one_off=True)
    beat(START)
    beat(START + MINUTE)
    PeriodicTask.objects.update(enabled=True)
    for minute in range(2, 5):
        beat(START + minute * MINUTE - SECOND)
        beat(START + minute * MINUTE)

    row.refresh_from_db()
    assert (row.enabled, row.total_run_count) == (False, 2)
    assert len(tasks_of(mirror_of(row))) == 2


def test_row_begins_at_its_start_and_ends_before_its_expiry() -> None:
    row = periodic(START, start_time=START + 5 * MINUTE, expires=START + 7 * MINUTE)
    beat(START)
    assert upcoming(row) == [START + 5 * MINUTE, START + 6 * MINUTE]

    beat(START + 7 * MINUTE)
    row.refresh_from_db()
    assert not row.enabled
    assert not has_mirror(row)


def test_clocked_row_runs_at_its_time_even_if_it_is_seen_late() -> None:
    at = START + 3 * MINUTE
    on_time = periodic(
        START, "a", clocked=ClockedSchedule.objects.create(clocked_time=at), one_off=True
    )
    beat(START)
    assert upcoming(on_time) == [at]
    late = periodic(
        START, "b", clocked=ClockedSchedule.objects.create(clocked_time=at), one_off=True
    )
    beat(at + timedelta(hours=2))

    for row in (on_time, late):
        row.refresh_from_db()
        assert [task.scheduled_for for task in tasks_of(mirror_of(row))] == [at]
        assert (row.enabled, row.total_run_count) == (False, 1)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"args": '{"n": 1}'}, "args must be a JSON array"),
    ({"kwargs": "{n: 1}"}, "kwargs is not JSON"),
    ({"headers": "[]"}, "headers must be a JSON object"),
    ({"task": "strict", "kwargs": {"n": "x"}}, "payload"),
    ({"task": "plain", "priority": 9}, "priority must be 0"),
    ({"task": "plain", "routing_key": "x"}, "routing_key has no meaning"),
    ({"task": "plain", "args": [1, 2]}, "the only element of args"),
]


@pytest.mark.parametrize(("fields", "says"), BROKEN)
def test_row_that_cannot_be_understood_is_named_once_and_stops_no_other(
    fields: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    @tasks_core.task_type("strict")
    def strict(payload: dict[str, int]) -> None: ...

    broken, sound = periodic(START, "broken", **fields), periodic(START, "sound")
    for _ in range(2):
        beat(START)

    assert has_mirror(sound)
    assert not has_mirror(broken)
    assert says in problem_of(broken)
    told = [r.getMessage() for r in caplog.records if "broken" in r.getMessage()]
    assert len(told) == 1
    assert says in told[0]


BROKEN_TIMES: list[tuple[dict[str, Any], str]] = [
    ({"crontab": {"minute": "61"}}, "crontab"),
    ({"crontab": {"day_of_month": "31", "month_of_year": "2"}}, "crontab"),
    ({"interval": {"every": 500, "period": "microseconds"}}, "shorter than a second"),
    ({"interval": {"every": 3, "period": "fortnights"}}, "out of range"),
    ({}, "there is none"),
]


@pytest.mark.parametrize(("times", "says"), BROKEN_TIMES)
def test_schedule_that_cannot_be_is_told(times: dict[str, Any], says: str) -> None:
    row = periodic(START)
    beat(START)
    models: dict[str, Any] = {"crontab": CrontabSchedule, "interval": IntervalSchedule}
    made = {kind: models[kind].objects.create(**fields) for kind, fields in times.items()}
    PeriodicTask.objects.update(**{"crontab": None, **made})
    beat(START + SECOND)

    assert says in problem_of(row)
    assert not has_mirror(row)
    PeriodicTask.objects.update(crontab=crontab(), interval=None)
    beat(START + 2 * SECOND)
    assert problem_of(row) == ""
    assert has_mirror(row)


STRANGE: list[tuple[str, str, str]] = [
    ("django_celery_beat_crontabschedule", "timezone = 'Mars/Olympus'", "Mars/Olympus"),
    ("django_celery_beat_periodictask", "start_time = 'infinity'", "timestamp too large"),
    ("django_celery_beat_periodictask", "start_time = '-infinity'", "timestamp too small"),
    ("django_celery_beat_periodictask", "start_time = '9999-12-31 23:00+00'", "start_at must lie"),
    (
        "django_celery_beat_periodictask",
        """task = 'plain', kwargs = '{"n": {"__type__": "decimal", "__value__": "12,50"}}'""",
        "kwargs",
    ),
    (
        "django_celery_beat_periodictask",
        "task = 'plain', kwargs = repeat('[', 100000)",
        "kwargs",
    ),
    ("django_celery_beat_periodictask", "headers = repeat('[', 100000)", "headers"),
    (
        "django_celery_beat_periodictask",
        """task = 'plain', kwargs = '{"n": {"__type__": "datetime", "__value__": "soon"}}'""",
        "kwargs",
    ),
    (
        "django_celery_beat_periodictask",
        """task = 'plain', kwargs = '{"n": "\\u0000"}'""",
        "NUL",
    ),
]


@pytest.mark.parametrize("is_followed", [True, False])
@pytest.mark.parametrize(("table", "change", "says"), STRANGE)
def test_row_that_somebody_has_written_past_the_forms_stops_no_other(
    table: str, change: str, says: str, is_followed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    strange = periodic(START, "strange", crontab=crontab("*/7"))
    if is_followed:
        beat(START)
    neighbours = [periodic(START, f"sound {n}") for n in range(3)]
    key = strange.crontab_id if "crontab" in table else strange.pk
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change} WHERE id = {key}".replace("%", "%%"))
    for seconds in range(2):
        beat(START + seconds * SECOND)

    assert all(map(has_mirror, neighbours))
    assert not has_mirror(strange)
    assert says in problem_of(strange)
    assert [r.levelname for r in caplog.records if "(strange)" in r.getMessage()] in ([], ["ERROR"])
    told = [r for r in caplog.records if "strange" in r.getMessage()]
    assert len(told) == 1


def test_row_that_cannot_be_read_and_is_switched_off_is_no_problem(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = periodic(START, "strange", enabled=False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_celery_beat_periodictask SET start_time = 'infinity'")
    beat(START)
    assert problem_of(row) == ""
    assert not [r for r in caplog.records if "strange" in r.getMessage()]


def test_clocked_row_that_is_no_one_off_is_told() -> None:
    row = periodic(START, one_off=True, clocked=ClockedSchedule.objects.create(clocked_time=START))
    PeriodicTask.objects.update(one_off=False)
    look(START)
    assert problem_of(row) == "clocked must be one-off: set one_off"


def test_two_rows_swap_their_names() -> None:
    first, second = periodic(START, "first"), periodic(START, "second")
    beat(START)
    PeriodicTask.objects.filter(pk=first.pk).update(name="between")
    PeriodicTask.objects.filter(pk=second.pk).update(name="first")
    PeriodicTask.objects.filter(pk=first.pk).update(name="second")
    beat(START + SECOND)

    assert (mirror_of(first).name, mirror_of(second).name) == ("second", "first")


def test_name_that_another_schedule_has_is_told_apart() -> None:
    with clock.frozen(START):
        tasks_core.schedule_recurring("plain", {}, name="stock", cron="0 9 * * *")
    row = periodic(START, "stock")
    beat(START)
    assert mirror_of(row).name == f"stock (periodic task {row.pk})"


def test_mirror_is_edited_where_it_comes_from() -> None:
    row = periodic(START, "stock")
    beat(START)
    for refused in (
        lambda: tasks_core.update_schedule("stock", cron="0 9 * * *"),
        lambda: tasks_core.delete_schedule("stock"),
        lambda: tasks_core.schedule_recurring(
            "plain", {}, name="stock", cron="0 9 * * *", replace=True
        ),
    ):
        with pytest.raises(
            MirroredSchedule, match=f"mirrors periodic task {row.pk} .*Periodic tasks"
        ):
            refused()
    assert mirror_of(row).expression == "* * * * *"


def test_mirror_can_be_paused_and_stays_so_when_the_row_changes() -> None:
    row = periodic(START, "stock")
    beat(START)
    with clock.frozen(START + SECOND):
        tasks_core.pause_schedule("stock", reason="stocktaking")
    PeriodicTask.objects.update(description="other")
    beat(START + MINUTE)

    assert mirror_of(row).pause_reason == "stocktaking"
    assert tasks_of(mirror_of(row)) == []


def test_type_that_a_release_adds_is_used_from_then_on() -> None:
    row = periodic(START, task="stock.count", kwargs={"n": 1})
    beat(START)
    assert mirror_of(row).task_type == "tasks_core.send_celery_message"

    plain_type("stock.count")
    beat(START + SECOND)
    assert (mirror_of(row).task_type, mirror_of(row).payload) == ("stock.count", {"n": 1})


def test_interval_goes_on_from_the_last_run_and_does_not_drift() -> None:
    last = datetime(2026, 3, 2, 11, 59, 30, 250_000, tzinfo=UTC)
    row = periodic(START, interval=interval(90), last_run_at=last)
    beat(START)
    assert upcoming(row)[:3] == [last + n * 90 * SECOND for n in (1, 2, 3)]
    PeriodicTask.objects.update(description="the anchor stays", last_run_at=START + SECOND)
    beat(START + 2 * SECOND)
    assert upcoming(row)[:3] == [last + n * 90 * SECOND for n in (1, 2, 3)]


def test_row_that_the_database_refuses_stops_no_other() -> None:
    refused, sound = periodic(START, "refused"), periodic(START, "sound")

    with refusing("tasks_core_schedule", "NEW.name = 'refused'", when="INSERT"):
        beat(START)

    assert has_mirror(sound)
    assert not has_mirror(refused)
    for one in row_backoff.all_of_this_process():
        one.forget()
    beat(START + SECOND)
    assert has_mirror(refused)


def test_rows_that_are_refused_and_wait_starve_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "BATCH", 3)
    for number in range(7):
        periodic(START, f"refused {number}")
    sound = periodic(START, "sound")

    with refusing("tasks_core_schedule", "NEW.name LIKE 'refused%'", when="INSERT"):
        look(START)

    assert has_mirror(sound)
