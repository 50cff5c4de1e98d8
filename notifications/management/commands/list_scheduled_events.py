"""`manage.py list_scheduled_events`: events of a cron trigger, or one-off ones."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.output.triggers import EVENT_COLUMNS, describe_event
from notifications.states import TriggerEventStatus
from notifications.triggers import get_scheduled_events
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists events, a page at a time."""

    help = "List one-off events, or with --trigger those of a cron trigger and its ticks to come, by time."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        parser.add_argument("--trigger", metavar="NAME", help="Name of a cron trigger.")
        parser.add_argument(
            "--status",
            action="append",
            choices=TriggerEventStatus.values,
            default=[],
            help="Only events in this status; may be given several times.",
        )
        parser.add_argument(
            "--limit", type=int, default=50, metavar="N", help="Most rows to list. Default: 50."
        )
        parser.add_argument(
            "--offset", type=int, default=0, metavar="N", help="Leave out so many of the first."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page, and to a person how many there are."""
        page = get_scheduled_events(
            "cron" if options["trigger"] else "one_off",
            trigger_name=options["trigger"],
            status=options["status"],
            limit=options["limit"],
            offset=options["offset"],
            get_rows_count=True,
        )
        write_list(self, map(describe_event, page.items), columns=EVENT_COLUMNS, options=options)
        if self.stdout.isatty():
            self.stdout.write(f"{len(page.items):,} of {page.count:,}; go on with --offset")
