"""`manage.py cancel_broadcast`: end it and take back what is unsent."""

from argparse import ArgumentParser
from typing import Any

from notifications.broadcasts.control import cancel_broadcast
from notifications.exceptions import NotificationsError
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Cancels a broadcast."""

    help = "End a broadcast and take back what has not been sent. It cannot be resumed."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name and the reason."""
        parser.add_argument("name", help="Name of the broadcast; list_broadcasts shows them.")
        parser.add_argument("--reason", default="", help="Kept with the broadcast.")
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say so."""
        changed = cancel_broadcast(options["name"], reason=signed(options["reason"], options))
        self.stdout.write(f"{options['name']}\t{'cancelled' if changed else 'had ended'}")
