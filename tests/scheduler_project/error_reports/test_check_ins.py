"""Schedules check in with Sentry: what is expected of them, and how each tick went."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import tasks_core
from scheduler_project.error_reports import check_ins
from scheduler_project.error_reports.monitors import config_of, slug_of
from tasks_core import Fixed, RetryAfter, clock
from tasks_core.models import Schedule, Task
from tasks_core.signals import attempts_begun, attempts_recorded, tasks_unsuccessful
from tasks_core.testing import run_due
from tests.scheduler_project.error_reports.conftest import Run
from tests.support.sentry import Reports

pytestmark = pytest.mark.django_db(transaction=True)

NINE = {"cron": "0 9 * * mon-fri", "timezone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("report", retry=Fixed(initial=60, max_attempts=2))
    def report(payload: dict[str, Any]) -> None:
        if payload.get("fail"):
            raise RetryAfter(60, "not now")


@pytest.fixture
def following(reports: Reports, run: Run) -> Iterator[Reports]:
    check_ins.connect()
    yield reports
    for signal in (attempts_begun, attempts_recorded, tasks_unsuccessful):
        signal.disconnect(dispatch_uid="scheduler_project.check_ins")


def schedule(name: str = "daily report", **options: Any) -> Schedule:
    tasks_core.schedule_recurring("report", options.pop("payload", {}), name=name, **options)
    return Schedule.objects.get(name=name)


def statuses(reports: Reports) -> list[str]:
    return [check_in["status"] for check_in in reports.check_ins]


def test_tick_is_in_progress_and_then_ok(following: Reports) -> None:
    row = schedule(**NINE)
    tasks_core.trigger_now(row.name)
    run_due()

    begin, end = following.check_ins
    assert (begin["status"], end["status"]) == ("in_progress", "ok")
    assert begin["check_in_id"] == end["check_in_id"]
    assert begin["monitor_slug"] == f"daily-report-{row.pk}"
    assert begin["monitor_config"] == {
        "schedule": {"type": "crontab", "value": "0 9 * * 1-5"},
        "timezone": "Europe/Berlin",
        "checkin_margin": 1,
    }
    assert "not now" not in following.text


def test_tick_that_is_retried_stays_in_progress_until_it_fails(following: Reports) -> None:
    row = schedule(payload={"fail": True}, **NINE)
    tasks_core.trigger_now(row.name)
    run_due()
    assert statuses(following) == ["in_progress"]
    with clock.frozen(clock.now() + timedelta(seconds=120)):
        run_due()

    assert statuses(following) == ["in_progress", "in_progress", "error"]
    assert len({check_in["check_in_id"] for check_in in following.check_ins}) == 1


def test_tick_that_is_cancelled_before_it_starts_is_an_error(following: Reports) -> None:
    row = schedule(**NINE)
    tasks_core.trigger_now(row.name)
    tasks_core.cancel(Task.objects.get().pk, reason="test")

    assert statuses(following) == ["error"]


def test_two_ticks_are_two_check_ins(following: Reports) -> None:
    row = schedule(**NINE)
    for seconds in (0, 60):
        with clock.frozen(clock.now() + timedelta(seconds=seconds)):
            tasks_core.trigger_now(row.name)
            run_due()

    assert len({check_in["check_in_id"] for check_in in following.check_ins}) == 2


def test_task_of_no_schedule_does_not_check_in(following: Reports, run: Run) -> None:
    run("report", {})

    assert following.check_ins == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"cron": "*/5 8-18 * * *"}, ("crontab", "*/5 8-18 * * *")),
        ({"cron": "0 30 4 * * sun"}, ("crontab", "30 4 * * 0")),
        ({"cron": "@daily"}, ("crontab", "0 0 * * *")),
        ({"every": timedelta(hours=6)}, ("interval", (6, "hour"))),
        ({"every": timedelta(minutes=90)}, ("interval", (90, "minute"))),
        ({"every": timedelta(days=2)}, ("interval", (2, "day"))),
    ],
)
def test_monitor_expects_what_the_schedule_says(
    options: dict[str, Any], expected: tuple[str, Any]
) -> None:
    config = config_of(schedule(**options))

    assert config is not None
    when = config["schedule"]
    found = when["value"] if when["type"] == "crontab" else (when["value"], when["unit"])
    assert (when["type"], found) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"cron": "*/10 * * * * *"},
        {"every": timedelta(seconds=90)},
        {"cron": "0 9 * * *", "tags": ["no-monitor"]},
        {"cron": "0 9 * * *", "max_runs": 3},
        {"cron": "0 9 * * *", "end_at": datetime(2100, 1, 1, tzinfo=UTC)},
        {"cron": "0 9 * * *", "exclusions": {"crons": ["0 9 1 * *"]}},
    ],
    ids=str,
)
def test_schedule_that_sentry_would_misunderstand_has_no_monitor(options: dict[str, Any]) -> None:
    assert config_of(schedule(**options)) is None


def test_margin_is_what_the_schedule_itself_calls_on_time() -> None:
    row = schedule(jitter=timedelta(seconds=90), misfire_grace=timedelta(minutes=5), **NINE)
    config = config_of(row)

    assert config is not None
    assert config["checkin_margin"] == 7


@pytest.mark.parametrize("name", ["x" * 200, "Ünïcode / slash", "日報"])
def test_slug_is_one_that_sentry_takes(name: str) -> None:
    slug = slug_of(schedule(name, cron="0 9 * * *"))

    assert len(slug) <= 50
    assert slug.replace("-", "").replace("_", "").isalnum()
    assert slug.isascii()
    assert slug == slug.lower()
