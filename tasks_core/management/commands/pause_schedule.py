"""`manage.py pause_schedule`: let ticks pass without running."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.management.arguments.instant import instant
from tasks_core.management.authorship import add_author_argument, author_of
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.schedules import SCHEDULE_COLUMNS, describe_schedule
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Pauses one schedule."""

    help = "Let the ticks of a schedule pass without running; the ledger has them as paused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which, why and until when."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        parser.add_argument(
            "--reason",
            required=True,
            help="Why; kept with the schedule and its ticks, at most 200 characters.",
        )
        parser.add_argument(
            "--resume-at",
            type=instant,
            metavar="TIME",
            help="When it goes on by itself. Default: not before resume_schedule.",
        )
        add_author_argument(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Pause it and show it."""
        schedule = tasks_core.pause_schedule(
            options["name"],
            reason=options["reason"],
            author=author_of(options),
            resume_at=options["resume_at"],
        )
        row = describe_schedule(schedule, clock.now())
        write_list(self, [row], columns=SCHEDULE_COLUMNS, options=options)
