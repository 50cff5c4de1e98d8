"""`manage.py register_destination`: give a secret address a name."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.output.channels import DESTINATION_COLUMNS, describe_destination
from notifications.sending.destinations.registration import register_destination
from tasks_core.management.arguments.json_input import private_json_input
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Registers a destination."""

    help = (
        "Store an address that is a secret itself, or give the one of this name a new address. It is "
        "stored encrypted; messages are sent to its name."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare name, channel and address."""
        parser.add_argument("name", help="What messages are sent to, such as ops-room.")
        parser.add_argument("--channel", required=True, metavar="NAME", help="Such as slack.")
        parser.add_argument(
            "--address",
            required=True,
            type=private_json_input,
            metavar="@FILE",
            help='A JSON object such as {"url": "https://..."}, or {"subscription": {...}} for web '
            "push, from @FILE, or - for standard input.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the destination and show it."""
        address = options["address"]
        given = address if isinstance(address, dict) else {"url": address}
        destination = register_destination(
            options["name"], channel=options["channel"], **{str(k): v for k, v in given.items()}
        )
        shown = [describe_destination(destination)]
        write_list(self, shown, columns=DESTINATION_COLUMNS, options=options)
