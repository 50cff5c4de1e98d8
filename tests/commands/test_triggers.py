"""The commands for scheduled triggers."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError

from notifications.models import CronTrigger, TriggerEvent, TriggerInvocation
from tasks_core import clock
from tests.commands.conftest import Rows, Run

pytestmark = pytest.mark.django_db

CALL = ("--webhook", "https://hooks.example.com/in")
CRON = ("create_cron_trigger", "nightly", "--schedule", "0 3 * * *", *CALL)
ONCE = ("create_scheduled_event", "--schedule-at", "2030-01-01T09:00Z", *CALL)


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def event(status: str = "error") -> TriggerEvent:
    """Give an event that has ended, with one log row."""
    made = TriggerEvent.objects.create(
        webhook="https://hooks.example.com/in",
        scheduled_time=clock.now(),
        created_at=clock.now(),
        finished_at=clock.now() - timedelta(days=2),
        status=status,
    )
    TriggerInvocation.objects.create(
        event=made,
        status=1000,
        request={"payload": {}, "headers": [], "version": "1"},
        response={"type": "client_error", "data": {"message": "no connection"}, "version": "1"},
        created_at=clock.now() - timedelta(days=2),
    )
    return made


def test_a_cron_trigger_is_created_with_all_its_options(run: Run) -> None:
    answer = run(
        *CRON,
        "--timezone", "Europe/Berlin",
        "--payload", '{"a": 1}',
        "--headers", '[{"name": "X-Token", "value": "hunter22"}]',
        "--retry-conf", '{"num_retries": 3}',
        "--request-transform", '{"method": "PUT"}',
        "--response-transform", '{"body": "{{ body.a }}"}',
        "--comment", "report",
        "--misfire-policy", "coalesce",
        "--when-disabled", "dead",
        "--include-in-metadata",
        "--disabled",
        "--format", "json",
    )  # fmt: skip
    [shown] = objects(answer.out)
    assert "hunter22" not in answer.out
    trigger = CronTrigger.objects.get()
    assert (shown["name"], shown["enabled"], shown["timezone"]) == (
        "nightly",
        False,
        "Europe/Berlin",
    )
    assert (trigger.payload, trigger.comment) == ({"a": 1}, "report")
    assert (trigger.misfire_policy, trigger.when_disabled) == ("coalesce", "dead")
    assert trigger.retry_conf["num_retries"] == 3
    assert trigger.request_transform == {"method": "PUT"}


def test_a_taken_name_is_refused_unless_it_is_to_be_replaced(run: Run) -> None:
    run(*CRON)
    with pytest.raises(CommandError, match="already exists"):
        run(*CRON)
    run(*CRON, "--comment", "new", "--replace")
    assert CronTrigger.objects.get().comment == "new"


def test_what_is_wrong_is_said_in_one_line_and_nothing_is_stored(run: Run, rows: Rows) -> None:
    before = rows()
    with pytest.raises(CommandError, match=r"^schedule: .*61"):
        run("create_cron_trigger", "x", "--schedule", "61 * * * *", *CALL)
    with pytest.raises(CommandError, match=r"^schedule_at: "):
        run("create_scheduled_event", "--schedule-at", "soon", *CALL)
    assert rows() == before


def test_triggers_are_listed_switched_and_deleted(run: Run) -> None:
    run(*CRON)
    assert run("list_cron_triggers").lines[1].split("\t")[:2] == ["nightly", "0 3 * * *"]
    assert run("list_cron_triggers", "--exported").lines[1:] == []
    assert run("disable_cron_trigger", "nightly", "--reason", "x").out == "nightly\tdisabled\n"
    assert (
        run("disable_cron_trigger", "nightly", "--reason", "x").out == "nightly\twas off already\n"
    )
    assert run("enable_cron_trigger", "nightly").out == "nightly\tenabled\n"
    assert run("delete_cron_trigger", "nightly").out == "nightly\tdeleted\n"
    with pytest.raises(CommandError, match="there is no cron trigger 'nightly'"):
        run("delete_cron_trigger", "nightly")


def test_a_one_off_event_is_created_listed_cancelled_and_deleted(run: Run) -> None:
    [made] = objects(run(*ONCE, "--payload", '"hidden"', "--format", "json").out)
    listed = run("list_scheduled_events", "--format", "json").out
    assert [one["id"] for one in objects(listed)] == [made["id"]]
    assert "hidden" not in listed
    key = str(made["id"])
    cancelled = run("cancel_scheduled_event", key, "--reason", "paid")
    assert cancelled.out == f"{key}\tcancelled\n"
    assert run("cancel_scheduled_event", key, "--reason", "paid").out == f"{key}\thad ended\n"
    statuses = run("list_scheduled_events", "--status", "cancelled", "--status", "dead").lines[1:]
    assert len(statuses) == 1
    assert run("list_scheduled_events", "--status", "dead").lines[1:] == []
    assert run("delete_scheduled_event", key).out == f"{key}\tdeleted\n"
    assert not TriggerEvent.objects.exists()


def test_the_ticks_to_come_of_a_trigger_are_listed_in_pages(run: Run) -> None:
    run(*CRON)
    page = ("list_scheduled_events", "--trigger", "nightly", "--limit", "2", "--format", "json")
    first, rest = objects(run(*page).out), objects(run(*page, "--offset", "1").out)
    assert [one["status"] for one in first] == ["scheduled", "scheduled"]
    assert first[1] == rest[0]


def test_an_event_is_redelivered_as_a_new_one(run: Run) -> None:
    old = event()
    [new] = objects(run("redeliver_event", str(old.event_id), "--format", "json").out)
    assert TriggerEvent.objects.get(event_id=str(new["id"])).redelivery_of_id == old.pk
    with pytest.raises(CommandError, match="only an event that has ended"):
        run("redeliver_event", str(new["id"]))


def test_invocations_are_listed(run: Run) -> None:
    made = event()
    [shown] = objects(
        run("list_trigger_invocations", "--event", str(made.event_id), "--format", "json").out
    )
    assert (shown["status"], shown["message"]) == (1000, "no connection")
    other = run("list_trigger_invocations", "--event", str(made.event_id), "--status", "200")
    assert other.lines[1:] == []


def test_old_events_or_only_their_logs_are_removed(run: Run) -> None:
    event()
    assert run("clean_up_triggers", "--older-than", "3d").out == "0\tevents removed\n"
    assert run("clean_up_triggers", "--older-than", "1d", "--logs-only").out == "1\tlogs removed\n"
    assert TriggerEvent.objects.count() == 1
    assert run("clean_up_triggers", "--older-than", "1d").out == "1\tevents removed\n"
    assert not TriggerEvent.objects.exists()


def test_only_those_of_one_trigger_are_removed(run: Run) -> None:
    event()
    run(*CRON)
    assert run("clean_up_triggers", "--older-than", "0", "--trigger", "nightly").out.startswith(
        "0\t"
    )
    assert TriggerEvent.objects.count() == 1
