"""`import_periodic_tasks`."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

import tasks_core
from tasks_core import clock
from tasks_core.models import Occurrence, PeriodicTaskMirror, Schedule
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tests.commands.conftest import Rows, Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def remind() -> PeriodicTask:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9", timezone="Europe/Berlin")
    return PeriodicTask.objects.create(
        name="remind", task="invoice.remind", crontab=crontab, kwargs='{"invoice": 17}'
    )


@pytest.fixture
def count() -> PeriodicTask:
    interval = IntervalSchedule.objects.create(every=5, period="minutes")
    return PeriodicTask.objects.create(name="count", task="shop.count", interval=interval)


def imported(run: Run, *words: str) -> list[dict[str, Any]]:
    lines = run("import_periodic_tasks", "--format", "json", *words).lines
    return [json.loads(line) for line in lines]


def test_rows_become_schedules_of_their_own(
    run: Run, remind: PeriodicTask, count: PeriodicTask
) -> None:
    told = {row["name"]: row for row in imported(run)}
    assert set(told) == {"remind", "count"}
    assert told["remind"]["outcome"] == "imported"
    assert not PeriodicTask.objects.filter(enabled=True).exists()

    schedule = tasks_core.get_schedule("remind")
    assert (schedule.task_type, schedule.payload) == ("invoice.remind", {"invoice": 17, "note": ""})
    assert (schedule.expression, schedule.timezone) == ("0 9 * * *", "Europe/Berlin")
    assert schedule.source == ""
    tasks_core.update_schedule("remind", cron="0 10 * * *")
    assert tasks_core.get_schedule("count").task_type == "tasks_core.send_celery_message"


def test_the_next_look_of_beat_changes_nothing(run: Run, remind: PeriodicTask) -> None:
    imported(run)
    follow()
    assert [s.is_enabled for s in Schedule.objects.existing()] == [True]
    assert PeriodicTaskMirror.objects.get(pk=remind.pk).schedule is None


def test_running_it_again_finds_nothing_to_do(
    run: Run, rows: Rows, remind: PeriodicTask, count: PeriodicTask
) -> None:
    imported(run)
    before = rows()
    assert imported(run) == []
    (again,) = imported(run, "--name", "remind")
    assert (again["outcome"], again["problem"]) == ("left as it was", "it is switched off")
    assert rows() == before


def test_a_mirror_keeps_its_ledger_and_no_tick_runs_twice(run: Run, count: PeriodicTask) -> None:
    follow()
    later = clock.now() + timedelta(minutes=5)
    with clock.frozen(later):
        while generate() + fire():
            pass
    before = Occurrence.objects.exclude(task_id=None).count()
    assert before == 1

    imported(run)
    with clock.frozen(later):
        follow()
        while generate() + fire():
            pass
    assert Occurrence.objects.exclude(task_id=None).count() == before
    with clock.frozen(later + timedelta(minutes=5)):
        while generate() + fire():
            pass
    assert Occurrence.objects.exclude(task_id=None).count() == before + 1


def test_a_dry_run_changes_nothing(
    run: Run, rows: Rows, remind: PeriodicTask, count: PeriodicTask
) -> None:
    before = rows()
    told = imported(run, "--dry-run")
    assert [(row["name"], row["outcome"]) for row in told] == [
        ("count", "would be imported"),
        ("remind", "would be imported"),
    ]
    assert rows() == before
    assert PeriodicTask.objects.filter(enabled=True).count() == 2


def test_only_those_that_are_named(run: Run, remind: PeriodicTask, count: PeriodicTask) -> None:
    assert [row["name"] for row in imported(run, "--name", "count")] == ["count"]
    remind.refresh_from_db()
    assert remind.enabled


def test_a_name_that_does_not_exist_is_told(run: Run, remind: PeriodicTask) -> None:
    with pytest.raises(CommandError, match="there is no periodic task 'remnid'"):
        run("import_periodic_tasks", "--name", "remnid", "--name", "remind")
    assert not Schedule.objects.exists()


def test_what_cannot_be_imported_stays_and_holds_up_no_other(
    run: Run, remind: PeriodicTask, count: PeriodicTask
) -> None:
    PeriodicTask.objects.filter(pk=remind.pk).update(kwargs='{"invoice": "seventeen"}')
    with pytest.raises(CommandError, match="1 could not be imported"):
        run("import_periodic_tasks")
    remind.refresh_from_db()
    assert remind.enabled
    assert [schedule.name for schedule in Schedule.objects.existing()] == ["count"]


def test_a_pipe_gets_a_header_and_tab_separated_lines(run: Run, count: PeriodicTask) -> None:
    header, line = run("import_periodic_tasks").lines
    facts = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert facts["name"] == "count"
    assert facts["expression"] == "every 300 s"
    assert facts["outcome"] == "imported"
