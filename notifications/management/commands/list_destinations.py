"""`manage.py list_destinations`: the names behind which secret addresses are."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.arguments.channels import check_channel
from notifications.management.output.channels import DESTINATION_COLUMNS, describe_destination
from notifications.models import Destination
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists destinations."""

    help = "List the destinations of channels, without their addresses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filter."""
        parser.add_argument("--channel", metavar="NAME", help="Only those of this channel.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Show them as they are read: there may be one for each browser."""
        found = Destination.objects.order_by("channel", "name")
        check_channel(options["channel"], Destination.objects.all())
        if options["channel"]:
            found = found.filter(channel=options["channel"])
        rows = map(describe_destination, found.iterator(chunk_size=500))
        write_list(self, rows, columns=DESTINATION_COLUMNS, options=options, is_endless=True)
