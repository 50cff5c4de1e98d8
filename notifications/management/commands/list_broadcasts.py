"""`manage.py list_broadcasts`: broadcasts and how far they have come."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.output.broadcasts import BROADCAST_COLUMNS, describe_broadcast
from notifications.models import Broadcast
from tasks_core.management.arguments.numbers import row_limit
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists broadcasts."""

    help = "List broadcasts, the newest first, with how far they have come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument(
            "--unfinished", action="store_true", help="Only those that have not ended."
        )
        parser.add_argument(
            "--limit", type=row_limit, default=50, metavar="N", help="At most so many. Default: 50."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the list."""
        found = Broadcast.objects.order_by("-pk")
        chosen = found.unfinished() if options["unfinished"] else found
        rows = map(describe_broadcast, chosen[: options["limit"]])
        write_list(self, rows, columns=BROADCAST_COLUMNS, options=options)
