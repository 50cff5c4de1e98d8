"""`show_task`."""

import json

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


def test_the_timeline_tells_what_happened(run: Run) -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 7})
    run_due()
    shown = json.loads(run("show_task", str(task.pk), "--format", "json").out)
    assert [event["event"] for event in shown["events"]] == [
        "scheduled",
        "queued",
        "started",
        "completed",
    ]
    assert shown["result"] == {"reminded": 7}
    assert shown["payload"] == {"invoice": 7, "note": ""}


def test_a_failed_task_names_its_dead_letter_and_its_replays(run: Run) -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 13})
    run_due()
    letter = DeadLetter.objects.get(task_id=task.pk)
    again = tasks_core.replay(letter.pk)
    shown = json.loads(run("show_task", str(task.pk), "--format", "json").out)
    assert (shown["state"], shown["dead_letter"]) == ("DEAD", letter.pk)
    assert shown["replays"] == [again.pk]
    assert "invoice 13 is not to be found" in shown["error"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_secrets_are_masked(run: Run, form: str) -> None:
    task = tasks_core.enqueue("login.check", {"user": "ada", "code": "314159"})
    shown = run("show_task", str(task.pk), "--format", form).out
    assert "ada" in shown
    assert "••••••" in shown
    assert "314159" not in shown
    assert "$sealed" not in shown


def test_a_task_that_is_not_there_is_named(run: Run) -> None:
    with pytest.raises(CommandError, match="there is no task 99"):
        run("show_task", "99")
