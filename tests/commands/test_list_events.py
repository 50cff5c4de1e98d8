"""`list_events`."""

import json
from typing import Any

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core import clock
from tasks_core.testing import run_due
from tests.commands.conftest import MakeDead, Run

pytestmark = pytest.mark.django_db


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("list_events", "--format", "json", *words).lines]


def test_events_are_told_with_their_facts(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)

    [failed] = listed(run, "--task", str(letter.task_id), "--kind", "failed")

    assert (failed["event"], failed["task"], failed["attempt"]) == ("failed", letter.task_id, 1)
    assert failed["task_type"] == "invoice.remind"
    assert failed["facts"]["error"] == "RuntimeError: invoice 13 is not to be found"
    assert failed["facts"]["will_retry"] is False
    assert failed["facts"]["duration"] >= 0


def test_the_newest_come_first_and_pages_join(run: Run) -> None:
    tasks_core.enqueue_many("invoice.remind", [{"invoice": n} for n in range(3)])
    run_due()
    ids = [event["id"] for event in listed(run)]
    first = [event["id"] for event in listed(run, "--limit", "5")]
    second = [event["id"] for event in listed(run, "--limit", "100", "--after", str(first[-1]))]
    assert first + second == ids == sorted(ids, reverse=True)
    assert len(ids) == 12


def test_each_filter_leaves_only_what_fits(run: Run) -> None:
    before = clock.now().isoformat()
    first = tasks_core.enqueue("invoice.remind", {"invoice": 1}).pk
    between = clock.now().isoformat()
    second = tasks_core.enqueue("login.check", {"user": "ann", "code": "1234"}).pk

    assert [e["task"] for e in listed(run, "--type", "login.check")] == [second]
    assert [e["task"] for e in listed(run, "--from", between)] == [second]
    assert [e["task"] for e in listed(run, "--from", before, "--until", between)] == [first]
    assert listed(run, "--kind", "dead-lettered") == []


def test_a_table_has_one_line_for_each_event(run: Run) -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    header, line = run("list_events", "--task", str(task.pk)).lines
    assert header == "id\tat\tevent\ttask\ttask_type\tattempt\tfacts"
    assert line.split("\t")[2:5] == ["scheduled", str(task.pk), "invoice.remind"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--kind", "exploded"), "'exploded' is none of scheduled, queued"),
        (("--from", "2026-07-01T09:00"), "has no time zone"),
        (("--task", "x"), "is not an id"),
    ],
)
def test_bad_input_is_refused(run: Run, words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        run("list_events", *words)
