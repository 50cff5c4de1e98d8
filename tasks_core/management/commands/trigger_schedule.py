"""`manage.py trigger_schedule`: run a schedule once more, now."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.tasks import TASK_COLUMNS, describe_task
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Triggers one schedule."""

    help = (
        "Run a schedule once more, now, whatever its times and its overlap policy say, "
        "and show the task."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Trigger it."""
        task = tasks_core.trigger_now(options["name"])
        write_list(self, [describe_task(task)], columns=TASK_COLUMNS, options=options)
