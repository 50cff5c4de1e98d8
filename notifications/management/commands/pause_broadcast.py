"""`manage.py pause_broadcast`: hand over no more of it."""

from argparse import ArgumentParser
from typing import Any

from notifications.broadcasts.control import pause_broadcast
from notifications.exceptions import NotificationsError
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Pauses a broadcast."""

    help = "Hand over no more of a broadcast. What was handed over before is still sent."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name and the reason."""
        parser.add_argument("name", help="Name of the broadcast; list_broadcasts shows them.")
        parser.add_argument("--reason", default="", help="Kept with the broadcast.")
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say so."""
        changed = pause_broadcast(options["name"], reason=signed(options["reason"], options))
        self.stdout.write(f"{options['name']}\t{'paused' if changed else 'does not run'}")
