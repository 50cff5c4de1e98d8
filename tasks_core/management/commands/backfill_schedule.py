"""`manage.py backfill_schedule`: run a past range of a schedule after all."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import tasks_core
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.numbers import positive
from tasks_core.management.output.backfills import BACKFILL_COLUMNS, describe_backfill
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.progress import with_progress
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.management.shell_user import shell_user
from tasks_core.models import Backfill
from tasks_core.schedules.backfilling import preview_backfill


class Command(PlatformCommand):
    """Starts one backfill."""

    help = (
        "Run the ticks of a past range that were missed, skipped, paused or cancelled. Beat enqueues "
        "them, a few at a time; the handler gets the time of each. What exclusions and changes of "
        "clocks leave out stays out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the range, and how carefully."""
        parser.add_argument("name", help="Name of the schedule; list_schedules shows them.")
        parser.add_argument(
            "--start",
            type=instant,
            required=True,
            metavar="TIME",
            help="The first instant, included, such as 2026-07-01T00:00+02:00.",
        )
        parser.add_argument(
            "--end",
            type=instant,
            required=True,
            metavar="TIME",
            help="The last instant, included; not later than now.",
        )
        parser.add_argument(
            "--order",
            choices=Backfill.Order.values,
            default=Backfill.Order.OLDEST.value,
            help="Which ticks come first. Default: oldest.",
        )
        parser.add_argument(
            "--reprocess",
            choices=Backfill.Reprocess.values,
            default=Backfill.Reprocess.NONE.value,
            help="Which ticks are run again that have been run before. Default: none.",
        )
        parser.add_argument(
            "--concurrency",
            type=positive,
            default=1,
            metavar="N",
            help="At most so many of its tasks are unfinished at a time. Default: 1.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Only write the times that would be run, one a line, as they are found.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Start it and show it, or show what it would run."""
        if options["dry_run"]:
            self._foretell(options)
            return
        plan = tasks_core.backfill(
            options["name"],
            *_range(options),
            order=options["order"],
            reprocess=options["reprocess"],
            concurrency=options["concurrency"],
            author=shell_user(),
        )
        row = describe_backfill(plan)
        write_list(self, [row], columns=BACKFILL_COLUMNS, options=options)

    def _foretell(self, options: Mapping[str, Any]) -> None:
        """Stream: a range of years has more ticks than fit into memory."""
        dues = preview_backfill(
            options["name"],
            *_range(options),
            order=options["order"],
            reprocess=options["reprocess"],
        )
        counted = _Counted(dues)
        rows: Iterable[dict[str, Any]] = ({"due": due} for due in counted)
        if not self.stdout.isatty():  # where they are seen, the lines themselves are the progress
            rows = with_progress(rows, total=None, what="Looking")
        write_list(self, rows, columns=("due",), options=options, is_endless=True)
        self.stderr.write(f"{counted.count:,} would be run; nothing was written")


class _Counted:
    """Passes instants on and knows how many there were."""

    def __init__(self, instants: Iterable[datetime]) -> None:
        self._instants = instants
        self.count = 0

    def __iter__(self) -> Iterator[datetime]:
        for each in self._instants:
            self.count += 1
            yield each


def _range(options: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return options["start"], options["end"]
