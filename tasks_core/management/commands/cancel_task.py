"""`manage.py cancel_task`: end tasks that have not finished."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.exceptions import TaskNotFound
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import Task


class Command(PlatformCommand):
    """Cancels tasks."""

    help = (
        "Cancel tasks. A handler that is running is told; a task that has finished stays as it is. "
        "If one of the ids does not exist, nothing is cancelled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare ids and reason."""
        parser.add_argument("ids", type=identifier, nargs="+", help="Ids of the tasks.")
        parser.add_argument(
            "--reason",
            required=True,
            help="Why; kept in the task's timeline, at most 200 characters.",
        )
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel, and say what became of each task."""
        ids = list(dict.fromkeys(options["ids"]))
        _refuse_unknown(ids)
        cancelled = set(tasks_core.cancel_many(ids, reason=signed(options["reason"], options)))
        states = dict(Task.objects.filter(pk__in=ids).values_list("pk", "state"))
        for task_id in ids:
            word = "cancelled" if task_id in cancelled else f"had ended: {states[task_id].lower()}"
            self.stdout.write(f"{task_id}\t{word}")


def _refuse_unknown(ids: list[int]) -> None:
    known = set(Task.objects.filter(pk__in=ids).values_list("pk", flat=True))
    missing = [str(task_id) for task_id in ids if task_id not in known]
    if missing:
        raise TaskNotFound(
            f"there is no task {', '.join(missing)} (finished tasks are removed after a while); "
            "nothing was cancelled"
        )
