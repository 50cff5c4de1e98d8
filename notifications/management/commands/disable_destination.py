"""`manage.py disable_destination`: send nothing to a destination."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.destination_command import DestinationCommand
from notifications.sending.destinations.switching import disable_destination
from tasks_core.management.authorship import add_author_argument, signed


class Command(DestinationCommand):
    """Disables a destination."""

    help = "Send nothing to a destination until it is enabled."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the reason too."""
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="Why; at most 200 characters are kept.")
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch it off."""
        channel, name = self.named(options)
        changed = disable_destination(channel, name, reason=signed(options["reason"], options))
        self.stdout.write(f"{name}: disabled" if changed else f"{name}: was disabled already")
