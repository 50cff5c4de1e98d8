"""`manage.py delete_scheduled_event`: remove one event."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import delete_scheduled_event
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Deletes an event."""

    help = "Delete an event, whatever its status, with its logs; or leave out an upcoming tick."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the id."""
        parser.add_argument("event", help="Id of the event.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete it, and say so."""
        delete_scheduled_event(options["event"])
        self.stdout.write(f"{options['event']}\tdeleted")
