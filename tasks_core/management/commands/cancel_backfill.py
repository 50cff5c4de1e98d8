"""`manage.py cancel_backfill`: enqueue no more of a backfill."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.output.backfills import BACKFILL_COLUMNS, describe_backfill
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import Backfill


class Command(PlatformCommand):
    """Cancels one backfill, or all of one schedule."""

    help = (
        "Cancel a backfill, or all backfills of a schedule that are at work: no more of their ticks are "
        "enqueued. Tasks that exist run on; cancel_task ends those."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument(
            "backfill",
            type=_id_or_name,
            metavar="NAME|ID",
            help="Name of the schedule, or id of one backfill as backfill_schedule shows it. A number "
            "is taken for an id.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel, and show how far they had come."""
        which = options["backfill"]
        if isinstance(which, int):
            tasks_core.cancel_backfill(which)
            ids = [which]
        else:
            ids = tasks_core.cancel_backfills(which)
        plans = Backfill.objects.filter(pk__in=ids).select_related("schedule").order_by("pk")
        rows = [describe_backfill(plan) for plan in plans]
        write_list(self, rows, columns=BACKFILL_COLUMNS, options=options)


def _id_or_name(text: str) -> int | str:
    return identifier(text) if text.isdecimal() else text
