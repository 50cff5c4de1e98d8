"""A task type that is typed wrongly is an error, never an empty list."""

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db

COMMANDS = (
    ("list_tasks",),
    ("list_events",),
    ("list_dead_letters",),
    ("list_schedules",),
    ("replay_dead_letters", "--dry-run"),
    ("discard_dead_letters", "--dry-run", "--note", "old"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_typing_error_is_said_with_what_is_close(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"no task type 'invoice\.remin' .* invoice\.remind"):
        run(*words, "--type", "invoice.remin")


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_type_without_rows_is_an_empty_list(run: Run, words: tuple[str, ...]) -> None:
    run(*words, "--type", "invoice.remind")


def test_one_right_name_does_not_hide_a_wrong_one(run: Run) -> None:
    tasks_core.enqueue("invoice.remind", {"invoice": 1})
    with pytest.raises(CommandError, match=r"invoice\.remin'"):
        run("list_tasks", "--type", "invoice.remind", "--type", "invoice.remin")


def test_tasks_of_a_type_that_the_code_has_no_more_are_found(run: Run) -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    run_due()
    Task.objects.filter(pk=task.pk).update(task_type="invoice.long_gone")
    assert str(task.pk) in run("list_tasks", "--type", "invoice.long_gone").out
