"""`manage.py list_trigger_invocations`: what was sent, and what came back."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.output.triggers import INVOCATION_COLUMNS, describe_invocation
from notifications.triggers import get_scheduled_event_invocations
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists invocations, a page at a time."""

    help = "List the calls of an event, or of all events of a cron trigger, the newest first."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--event", metavar="ID", help="Id of an event.")
        which.add_argument("--trigger", metavar="NAME", help="Name of a cron trigger.")
        parser.add_argument(
            "--status",
            type=int,
            action="append",
            default=[],
            metavar="N",
            help="Only calls with this HTTP status, or 1000 (no response); may be given several times.",
        )
        parser.add_argument(
            "--limit", type=int, default=50, metavar="N", help="Most rows to list. Default: 50."
        )
        parser.add_argument(
            "--offset", type=int, default=0, metavar="N", help="Leave out so many of the first."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page."""
        page = get_scheduled_event_invocations(
            event_id=options["event"],
            trigger_name=options["trigger"],
            status=options["status"],
            limit=options["limit"],
            offset=options["offset"],
        )
        rows = map(describe_invocation, page.items)
        write_list(self, rows, columns=INVOCATION_COLUMNS, options=options)
