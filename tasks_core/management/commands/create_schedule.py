"""`manage.py create_schedule`: run a task type again and again."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.client.payload_edit import without_masks
from tasks_core.management.arguments.schedule import (
    add_policy_arguments,
    add_task_arguments,
    add_time_arguments,
)
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.schedules import SCHEDULE_COLUMNS, describe_schedule
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import Schedule


class Command(PlatformCommand):
    """Creates one schedule."""

    help = (
        "Run a task type again and again, by a cron expression or at an interval. "
        "Nothing is stored on error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the task type and the options of ``tasks_core.schedule_recurring``."""
        parser.add_argument("type", help="Name of a task type; list_task_types shows them.")
        parser.add_argument(
            "--name", metavar="NAME", help="Unique among schedules. Default: that of the type."
        )
        add_time_arguments(parser)
        add_policy_arguments(parser)
        add_task_arguments(parser)
        parser.add_argument("--description", default="", metavar="TEXT", help="For people.")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Update the schedule of this name if there is one; what is left out has its "
            "default again.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the schedule and show it."""
        schedule = Schedule.objects.get(
            pk=_create(options).pk
        )  # with what filling its ledger wrote
        row = describe_schedule(schedule, clock.now())
        write_list(self, [row], columns=SCHEDULE_COLUMNS, options=options)


def _create(options: Mapping[str, Any]) -> Schedule:
    same = (
        *("name", "cron", "every", "timezone", "start_at", "end_at", "max_runs", "jitter", "gap"),
        *("fold", "exclusions", "misfire", "misfire_grace", "misfire_max_age", "overlap"),
        *("misfire_max_count", "priority", "expires_after", "description", "replace"),
    )
    return tasks_core.schedule_recurring(
        options["type"],
        without_masks(options["payload"]),
        **{name: options[name] for name in same},
        queue_name=options["queue"],
        retry=options["retry_policy"],
        tags=options["tag"],
    )
