"""`manage.py resume_schedule`: end a pause."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.schedules import SCHEDULE_COLUMNS, describe_schedule
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Resumes one schedule."""

    help = (
        "Let a paused schedule run again from now on. Ticks that fell into the pause stay paused; "
        "backfill_schedule runs them after all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume it and show it."""
        schedule = tasks_core.resume_schedule(options["name"])
        row = describe_schedule(schedule, clock.now())
        write_list(self, [row], columns=SCHEDULE_COLUMNS, options=options)
