"""`manage.py list_providers`: the accounts by which messages leave."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.arguments.channels import check_channel
from notifications.management.output.channels import PROVIDER_COLUMNS, describe_provider
from notifications.models import Provider
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists providers."""

    help = "List the providers of channels in the order in which they are tried."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filter."""
        parser.add_argument("--channel", metavar="NAME", help="Only those of this channel.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Show them; never their credentials."""
        found = Provider.objects.order_by("channel", "position", "pk")
        check_channel(options["channel"], Provider.objects.all())
        if options["channel"]:
            found = found.filter(channel=options["channel"])
        rows = map(describe_provider, found)
        write_list(self, rows, columns=PROVIDER_COLUMNS, options=options)
