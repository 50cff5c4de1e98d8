"""`manage.py resume_broadcast`: go on with it."""

from argparse import ArgumentParser
from typing import Any

from notifications.broadcasts.control import resume_broadcast
from notifications.exceptions import NotificationsError
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Resumes a broadcast."""

    help = "Go on with a paused broadcast where it stopped."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name."""
        parser.add_argument("name", help="Name of the broadcast; list_broadcasts shows them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say so."""
        changed = resume_broadcast(options["name"])
        self.stdout.write(f"{options['name']}\t{'resumed' if changed else 'is not paused'}")
