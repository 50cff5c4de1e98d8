"""`list_tasks`."""

import json
from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


def listed(run: Run, *words: str) -> list[int]:
    return [json.loads(line)["id"] for line in run("list_tasks", "--format", "json", *words).lines]


def test_the_newest_come_first_and_pages_join_without_gap(run: Run) -> None:
    ids = tasks_core.enqueue_many("invoice.remind", [{"invoice": n} for n in range(5)])
    first = listed(run, "--limit", "2")
    second = listed(run, "--limit", "2", "--after", str(first[-1]))
    third = listed(run, "--limit", "2", "--after", str(second[-1]))
    assert first + second + third == ids[::-1]


def test_each_filter_leaves_only_what_fits(run: Run) -> None:
    later = clock.now() + timedelta(hours=1)
    ended = tasks_core.enqueue("invoice.remind", {"invoice": 1}).pk
    run_due()
    due = tasks_core.enqueue("invoice.remind", {"invoice": 2}, tags=["x", "y"], queue_name="q").pk
    waiting = tasks_core.enqueue(
        "login.check", {"user": "a", "code": "1"}, run_after=later, tags=["x"], correlation_id="c"
    ).pk
    assert listed(run) == [waiting, due, ended]
    assert listed(run, "--state", "succeeded") == [ended]
    assert listed(run, "--state", "SCHEDULED", "--state", "succeeded") == [waiting, due, ended]
    assert listed(run, "--type", "invoice.remind") == [due, ended]
    assert listed(run, "--queue", "q") == [due]
    assert listed(run, "--tag", "x") == [waiting, due]
    assert listed(run, "--tag", "x", "--tag", "y") == [due]
    assert listed(run, "--correlation-id", "c") == [waiting]
    assert listed(run, "--due") == [due]
    Task.objects.filter(pk=due).update(state="QUEUED", queued_at=clock.now())
    assert listed(run, "--due") == [due]
    assert listed(run, "--due", "--tag", "z") == []


def test_a_pipe_gets_a_header_and_tab_separated_lines(run: Run) -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    header, line = run("list_tasks").lines
    facts = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert facts["id"] == str(task.pk)
    assert (facts["state"], facts["lane"]) == ("SCHEDULED", "default.normal")


def test_payloads_are_not_listed(run: Run) -> None:
    tasks_core.enqueue("invoice.remind", {"invoice": 1, "note": "private words"})
    assert "private words" not in run("list_tasks", "--format", "json").out + run("list_tasks").out


def test_tables_that_are_missing_are_told_without_a_traceback(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_core_task RENAME TO tasks_core_elsewhere")
    with pytest.raises(CommandError, match=r"run `python manage.py migrate`"):
        run("list_tasks")


def test_tags_are_looked_up_by_their_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    with CaptureQueriesContext(connection) as queries:
        tasks_core.find(tags=["x"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries.captured_queries[-1]['sql']}")
        assert "tasks_core_task_tags" in str(cursor.fetchall())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--state", "done"), "--state: 'done' is none of scheduled, queued"),
        (("--limit", "0"), "--limit: '0' is not a whole number from 1 to 1,000"),
        (("--limit", "many"), "--limit: 'many' is not a whole number"),
        (("--after", "-3"), "--after: '-3' is not an id"),
        (("--format", "xml"), "--format: invalid choice: 'xml'"),
    ],
)
def test_a_mistake_is_refused_with_what_would_be_right(
    run: Run, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        run("list_tasks", *words)
