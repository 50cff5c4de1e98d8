"""`manage.py delete_schedule`: let a schedule end."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.schedules import SCHEDULE_COLUMNS, describe_schedule
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Deletes one schedule."""

    help = (
        "Delete a schedule. Its ticks to come are gone, its ledger stays until it is old, "
        "and its tasks run on. One that the platform keeps for itself stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        parser.add_argument(
            "--inner",
            action="store_true",
            help="Also one of an inner task type, which the platform makes for itself.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete it and show what it was."""
        schedule = tasks_core.get_schedule(options["name"])
        tasks_core.delete_schedule(options["name"], inner=options["inner"])
        row = {**describe_schedule(schedule, clock.now()), "state": "deleted", "next": None}
        write_list(self, [row], columns=SCHEDULE_COLUMNS, options=options)
