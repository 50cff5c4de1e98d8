"""`manage.py enable_destination`: send to a destination again."""

from typing import Any

from notifications.management.destination_command import DestinationCommand
from notifications.sending.destinations.switching import enable_destination


class Command(DestinationCommand):
    """Enables a destination."""

    help = "Send to a destination again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch it on."""
        channel, name = self.named(options)
        changed = enable_destination(channel, name)
        self.stdout.write(f"{name}: enabled" if changed else f"{name}: was enabled already")
