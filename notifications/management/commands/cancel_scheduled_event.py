"""`manage.py cancel_scheduled_event`: take one event back."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import cancel_scheduled_event
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Cancels an event."""

    help = "Cancel an event that waits; it stays on record."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare id and reason."""
        parser.add_argument("event", help="Id of the event.")
        parser.add_argument("--reason", required=True, help="Why; at most 200 characters are kept.")
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel it, and say what became of it."""
        changed = cancel_scheduled_event(
            options["event"], reason=signed(options["reason"], options)
        )
        self.stdout.write(f"{options['event']}\t{'cancelled' if changed else 'had ended'}")
