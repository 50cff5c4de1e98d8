"""`manage.py show_broadcast`: one broadcast and its counts."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import BroadcastNotFound, NotificationsError
from notifications.management.output.broadcasts import describe_broadcast
from notifications.models import Broadcast
from tasks_core.management.output.facts import write_facts
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Shows a broadcast."""

    help = "Show a broadcast: its terms, and how many of its receivers are where."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name."""
        parser.add_argument("name", help="Name of the broadcast; list_broadcasts shows them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what is known of it."""
        broadcast = Broadcast.objects.filter(name=options["name"]).first()
        if broadcast is None:
            raise BroadcastNotFound(
                f"there is no broadcast {options['name']!r}; list_broadcasts shows them"
            )
        write_facts(self, describe_broadcast(broadcast), is_coloured=not options["no_color"])
