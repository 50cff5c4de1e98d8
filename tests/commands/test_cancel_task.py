"""`cancel_task`."""

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core.models import Task, TaskEvent
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


def test_each_task_is_cancelled_or_said_to_have_ended(run: Run) -> None:
    ended = tasks_core.enqueue("invoice.remind", {"invoice": 1}).pk
    run_due()
    waiting = tasks_core.enqueue("invoice.remind", {"invoice": 2}).pk
    answer = run("cancel_task", str(waiting), str(ended), "--reason", "paid", "--author", "ann")
    assert answer.lines == [f"{waiting}\tcancelled", f"{ended}\thad ended: succeeded"]
    assert Task.objects.get(pk=waiting).state == "CANCELLED"
    assert TaskEvent.objects.get(task_id=waiting, kind="cancelled").data == {
        "reason": "paid (ann, by command)"
    }


def test_nothing_is_cancelled_if_one_does_not_exist(run: Run) -> None:
    waiting = tasks_core.enqueue("invoice.remind", {"invoice": 2}).pk
    with pytest.raises(CommandError, match=r"there is no task 999999 .*; nothing was cancelled"):
        run("cancel_task", str(waiting), "999999", "--reason", "paid")
    assert Task.objects.get(pk=waiting).state == "SCHEDULED"


def test_a_reason_is_required(run: Run) -> None:
    with pytest.raises(CommandError, match="the following arguments are required: --reason"):
        run("cancel_task", "1")
