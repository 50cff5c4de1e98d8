"""`rebuild_tasks`."""

import json
import subprocess
import sys

import pytest

import tasks_core
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)


def _done(count: int) -> list[int]:
    ids = tasks_core.enqueue_many("invoice.remind", [{"invoice": n} for n in range(count)])
    run_due()
    return ids


def test_it_says_how_many_agree(run: Run) -> None:
    _done(3)
    answer = run("rebuild_tasks")
    assert answer.lines == ["task\ttask_type\tfield\ttable\tevents"]
    assert answer.err.strip() == "3 tasks compared, 0 differences"


def test_a_difference_is_told_and_is_the_exit_status(run: Run) -> None:
    ids = _done(3)
    Task.objects.filter(pk=ids[1]).update(state="CANCELLED")

    for words in ((), ("--task", str(ids[1])), ("--after", str(ids[0]))):
        with pytest.raises(SystemExit) as ended:
            run("rebuild_tasks", *words)
        assert ended.value.code == 1
    for words in (("--task", str(ids[0])), ("--after", str(ids[1]))):
        assert run("rebuild_tasks", *words).err.endswith("0 differences\n")
    assert Task.objects.get(pk=ids[1]).state == "CANCELLED", "nothing is repaired"


def test_json_has_one_object_for_each_difference(
    process_environment: dict[str, str],
) -> None:
    ids = _done(2)
    Task.objects.filter(pk=ids[1]).update(attempts=3)
    command = [sys.executable, "manage.py", "rebuild_tasks", "--format", "json"]
    answer = subprocess.run(
        command, env=process_environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr == "2 tasks compared, 1 differences\n"
    assert [json.loads(line) for line in answer.stdout.splitlines()] == [
        {
            "task": ids[1],
            "task_type": "invoice.remind",
            "field": "attempts",
            "table": 3,
            "events": 1,
        }
    ]
