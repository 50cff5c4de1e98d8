"""`manage.py preview_schedule`: when a schedule will be due."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.engine.schedule import Tick
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.numbers import positive
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.schedules.foresight import remark

COLUMNS = ("due", "local", "remark")


class Command(PlatformCommand):
    """Shows the next ticks of one schedule."""

    help = (
        "Show the next ticks of a schedule in UTC and in its own time zone, with those that are "
        "excluded, or that a change of clocks shifts or skips."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which, how many and from when."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        parser.add_argument(
            "--count", type=positive, default=10, metavar="N", help="How many. Default: 10."
        )
        parser.add_argument(
            "--after", type=instant, metavar="TIME", help="Later than this. Default: now."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one line for each tick."""
        ticks = tasks_core.preview_schedule(
            options["name"], options["count"], after=options["after"]
        )
        write_list(self, map(_describe, ticks), columns=COLUMNS, options=options)


def _describe(tick: Tick) -> dict[str, Any]:
    return {
        "due": tick.due,
        "local": tick.local.isoformat(sep=" "),
        "runs": tick.withheld is None,
        "withheld": tick.withheld,
        "is_shifted": tick.is_shifted,
        "wall": tick.wall.isoformat(sep=" "),
        "remark": remark(tick),
    }
