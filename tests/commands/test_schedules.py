"""`create_schedule`, `list_schedules`, `preview_schedule` and those that steer schedules."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core import clock
from tasks_core.models import Backfill, Occurrence, Schedule, Task
from tests.commands.conftest import Rows, Run
from tests.tasks_core.schedules.ticking import beat

pytestmark = pytest.mark.django_db

NIGHTLY = ("create_schedule", "invoice.remind", "--name", "nightly", "--payload", '{"invoice": 1}')
DAILY = (*NIGHTLY, "--cron", "30 2 * * *", "--timezone", "Europe/Berlin")
MARCH = datetime(2026, 3, 27, 12, tzinfo=UTC)


def objects(run: Run, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, "--format", "json").lines]


def make(name: str = "nightly", **options: Any) -> Schedule:
    given = {"payload": {"invoice": 1}, "cron": "0 2 * * *", "name": name, **options}
    return tasks_core.schedule_recurring("invoice.remind", **given)


def test_a_created_schedule_is_shown_with_its_next_time(run: Run) -> None:
    with clock.frozen(MARCH):
        [shown] = objects(run, *DAILY, "--tag", "dunning", "--misfire", "skip", "--jitter", "30s")
    schedule = Schedule.objects.get()
    assert (schedule.misfire_policy, schedule.jitter) == ("skip", timedelta(seconds=30))
    assert shown["state"] == "enabled"
    assert shown["when"] == "At 02:30 every day (Europe/Berlin)"
    assert shown["next"].startswith("2026-03-28T01:30")
    assert (shown["payload"], shown["tags"]) == ({"invoice": 1, "note": ""}, ["dunning"])
    assert Occurrence.objects.upcoming().filter(schedule=schedule).count() >= 100


@pytest.mark.parametrize(
    ("text", "expression"),
    [("90", "every 90 s"), ("15m", "every 900 s"), ("every 1 h 30 min", "every 1 h 30 min")],
)
def test_intervals_are_taken_as_people_write_them(run: Run, text: str, expression: str) -> None:
    run(*NIGHTLY, "--every", text)
    assert Schedule.objects.get().expression == expression


def test_a_second_one_of_a_name_needs_replace(run: Run) -> None:
    run(*DAILY)
    with pytest.raises(CommandError, match="there is a schedule 'nightly' already"):
        run(*DAILY)
    run(*NIGHTLY, "--cron", "0 4 * * *", "--replace")
    assert Schedule.objects.get().expression == "0 4 * * *"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--cron", "0 25 * * *"), ("hour", "0 to 23")),
        (("--cron", "* * * * *", "--timezone", "Europe/Berlim"), ("Europe/Berlin?",)),
        (("--cron", "* * * * *", "--every", "5m"), ("not allowed with",)),
        ((), ("--cron", "--every", "required")),
        (("--every", "soon"), ("interval", "soon")),
        (("--every", "1.5"), ("--every", "whole number of seconds")),
        (("--every", "5m", "--jitter", "2d"), ("jitter must be at most 1 day",)),
        (("--every", "5m", "--max-runs", "0"), ("--max-runs", "from 1")),
        (("--every", "5m", "--misfire", "later"), ("--misfire", "run_once")),
        (("--every", "5m", "--overlap", "never"), ("--overlap", "buffer_one")),
        (("--every", "5m", "--start-at", "2036-01-01T09:00"), ("--start-at", "no time zone")),
        (("--every", "5m", "--misfire-max-age", "1s"), ("max_age", "grace")),
        (("--every", "5m", "--exclusions", '{"days": []}'), ("exclusions", "dates")),
        (("--every", "5m", "--exclusions", "{"), ("--exclusions", "not JSON")),
        (("--every", "5m", "--payload", "{}"), ("payload.invoice", "required")),
        (("--every", "5m", "--queue", "No Such"), ("queue_name", "lower-case")),
        (("--every", "5m", "--priority", "urgent"), ("--priority", "critical")),
        (("--every", "5m", "--retry-policy", "none"), ("retry",)),
        (("--every", "5m", "--tag", "two words"), ("tags", "two words")),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_and_nothing_is_written(
    run: Run, rows: Rows, words: tuple[str, ...], says: tuple[str, ...]
) -> None:
    before = rows()
    with pytest.raises(CommandError) as refusal:
        run(*NIGHTLY, *words)
    for part in says:
        assert part in str(refusal.value)
    assert rows() == before


def test_schedules_are_listed_with_state_next_time_and_latest_outcome(run: Run) -> None:
    with clock.frozen(MARCH):
        make("ticking", cron="* * * * *")
        make("paused")
        tasks_core.pause_schedule("paused", reason="holiday")
        make("off")
        tasks_core.update_schedule("off", is_enabled=False)
        make("once", cron="0 * * * *", max_runs=1)
        make("gone")
        tasks_core.delete_schedule("gone")
    later = MARCH + timedelta(hours=1)
    beat(later)
    with clock.frozen(later):
        listed = {one["name"]: one for one in objects(run, "list_schedules")}
        states = {name: one["state"] for name, one in listed.items()}
        assert states == {
            "ticking": "enabled",
            "paused": "paused",
            "off": "disabled",
            "once": "ended",
        }
        assert listed["ticking"]["latest_outcome"] == "fired"
        assert listed["ticking"]["next"] == (later + timedelta(minutes=1)).isoformat()
        for name, state in states.items():
            [found] = objects(run, "list_schedules", "--state", state)
            assert found["name"] == name


def test_schedules_are_found_by_type_tag_and_part_of_the_name_a_page_at_a_time(run: Run) -> None:
    for number in range(3):
        make(f"report-{number}", tags=["monthly"])
    make("other")
    assert [one["name"] for one in objects(run, "list_schedules", "--tag", "monthly")] == [
        "report-2",
        "report-1",
        "report-0",
    ]
    assert len(objects(run, "list_schedules", "--name", "REPORT")) == 3
    assert objects(run, "list_schedules", "--type", "login.check") == []
    first = objects(run, "list_schedules", "--limit", "2")
    rest = objects(run, "list_schedules", "--limit", "2", "--after", str(first[-1]["id"]))
    assert [one["name"] for one in first + rest] == ["other", "report-2", "report-1", "report-0"]


def test_a_preview_shows_both_clocks_and_what_a_change_of_clocks_does(run: Run) -> None:
    with clock.frozen(MARCH):
        make(cron="30 2 * * *", timezone="Europe/Berlin", exclusions={"dates": ["2026-03-30"]})
        found = objects(run, "preview_schedule", "nightly", "--count", "4")
        assert run("preview_schedule", "nightly", "--count", "2").lines == [
            "due\tlocal\tremark",
            "2026-03-28 01:30:00Z\t2026-03-28 02:30:00+01:00\t",
            "2026-03-29 01:00:00Z\t2026-03-29 03:00:00+02:00\tshifted: clocks leave out 02:30:00",
        ]
    assert [one["due"] for one in found] == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:00:00+00:00",
        "2026-03-30T00:30:00+00:00",
        "2026-03-31T00:30:00+00:00",
    ]
    assert [one["withheld"] for one in found] == [None, None, "excluded", None]
    assert [one["runs"] for one in found] == [True, True, False, True]


def test_a_pause_keeps_reason_and_author_and_ends_with_resume(run: Run) -> None:
    make()
    words = ("--reason", "bank holiday", "--author", "ann", "--resume-at", "2036-01-01T09:00Z")
    [shown] = objects(run, "pause_schedule", "nightly", *words)
    schedule = Schedule.objects.get()
    assert (schedule.pause_reason, schedule.paused_by) == ("bank holiday", "ann")
    assert (shown["state"], shown["resume_at"]) == ("paused", "2036-01-01T09:00:00+00:00")
    with pytest.raises(CommandError, match=r"is paused since .*: bank holiday"):
        run("pause_schedule", "nightly", "--reason", "again")
    assert objects(run, "resume_schedule", "nightly")[0]["state"] == "enabled"
    with pytest.raises(CommandError, match="is not paused"):
        run("resume_schedule", "nightly")


def test_who_pauses_is_the_user_of_the_shell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    make()
    run("pause_schedule", "nightly", "--reason", "holiday")
    assert Schedule.objects.get().paused_by == "grace"


def test_trigger_makes_a_task_and_a_row_in_the_ledger(run: Run) -> None:
    make()
    [shown] = objects(run, "trigger_schedule", "nightly")
    row = Occurrence.objects.get(kind=Occurrence.Kind.MANUAL)
    assert (row.task_id, row.outcome) == (shown["id"], "fired")
    assert Task.objects.get().schedule_id == row.schedule_id


def test_a_deleted_schedule_has_no_ticks_to_come(run: Run) -> None:
    make()
    [shown] = objects(run, "delete_schedule", "nightly")
    assert (shown["name"], shown["state"]) == ("nightly", "deleted")
    assert not Schedule.objects.existing().exists()
    assert not Occurrence.objects.upcoming().exists()


@pytest.mark.parametrize(
    "words",
    [
        ("preview_schedule",),
        ("pause_schedule", "--reason", "x"),
        ("resume_schedule",),
        ("trigger_schedule",),
        ("delete_schedule",),
        ("cancel_backfill",),
        ("backfill_schedule", "--start", "2026-01-01T00:00Z", "--end", "2026-01-02T00:00Z"),
    ],
)
def test_a_schedule_that_is_not_there_is_named(run: Run, rows: Rows, words: Any) -> None:
    before = rows()
    with pytest.raises(CommandError, match="there is no schedule 'nightli'"):
        run(words[0], "nightli", *words[1:])
    assert rows() == before


RANGE = ("nightly", "--start", "2026-03-27T00:00Z", "--end", "2026-03-27T04:00Z")


def test_a_backfill_is_stored_for_beat(run: Run) -> None:
    make(cron="0 * * * *")
    words = ("--order", "newest", "--reprocess", "failed", "--concurrency", "3")
    [shown] = objects(run, "backfill_schedule", *RANGE, *words)
    plan = Backfill.objects.get()
    assert shown["id"] == plan.pk
    assert (plan.order, plan.reprocess, plan.concurrency) == ("newest", "failed", 3)
    assert (plan.start, plan.end) == (
        datetime(2026, 3, 27, tzinfo=UTC),
        datetime(2026, 3, 27, 4, tzinfo=UTC),
    )


def test_a_dry_run_writes_times_and_changes_nothing(run: Run, rows: Rows) -> None:
    make(cron="0 * * * *", exclusions={"crons": ["* 2 * * *"]})
    before = rows()
    answer = run("backfill_schedule", *RANGE, "--dry-run", "--order", "newest")
    hours = ["04", "03", "01", "00"]
    assert answer.lines == ["due", *(f"2026-03-27 {hour}:00:00Z" for hour in hours)]
    assert answer.err.strip() == "4 would be run; nothing was written"
    found = objects(run, "backfill_schedule", *RANGE, "--dry-run")
    assert found[0] == {"due": "2026-03-27T00:00:00+00:00"}
    assert rows() == before


def test_a_backfill_is_cancelled_by_its_id(run: Run) -> None:
    make(cron="0 * * * *")
    first, second = (objects(run, "backfill_schedule", *RANGE)[0]["id"] for _ in range(2))
    [shown] = objects(run, "cancel_backfill", str(first))
    assert (shown["id"], shown["schedule"], shown["enqueued"]) == (first, "nightly", 0)
    assert shown["cancelled_at"] is not None
    assert [plan.pk for plan in Backfill.objects.at_work()] == [second]
    with pytest.raises(CommandError, match=rf"no backfill {first} that is still at work"):
        run("cancel_backfill", str(first))


def test_all_backfills_of_a_schedule_are_cancelled_by_its_name(run: Run) -> None:
    make("other")
    [other] = objects(run, "backfill_schedule", "other", *RANGE[1:])
    make()
    wanted = [objects(run, "backfill_schedule", *RANGE)[0]["id"] for _ in range(2)]
    assert [one["id"] for one in objects(run, "cancel_backfill", "nightly")] == wanted
    assert [plan.pk for plan in Backfill.objects.at_work()] == [other["id"]]
    with pytest.raises(CommandError, match="'nightly' has no backfill that is at work"):
        run("cancel_backfill", "nightly")


@pytest.mark.parametrize("word", ["0", "9" * 30])
def test_a_number_that_is_no_id_of_a_backfill_is_refused(run: Run, word: str) -> None:
    with pytest.raises(CommandError, match="is not an id: a whole number from 1"):
        run("cancel_backfill", word)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--start", "2026-01-02T00:00Z", "--end", "2026-01-01T00:00Z"), "must not lie after end"),
        (("--start", "2026-01-02T00:00Z", "--end", "2096-01-01T00:00Z"), "nor end after now"),
        (("--start", "2026-01-02", "--end", "2026-01-03T00:00Z"), "--start.*no time zone"),
        (("--end", "2026-01-03T00:00Z"), "--start"),
        ((*RANGE[1:], "--concurrency", "0"), "--concurrency"),
        ((*RANGE[1:], "--concurrency", "20000"), "concurrency must be between 1 and 10,000"),
        ((*RANGE[1:], "--order", "random"), "--order.*oldest"),
    ],
)
def test_a_backfill_that_cannot_be_is_refused(
    run: Run, rows: Rows, words: tuple[str, ...], says: str
) -> None:
    make(cron="0 * * * *")
    before = rows()
    with pytest.raises(CommandError, match=says):
        run("backfill_schedule", "nightly", *words)
    assert rows() == before
