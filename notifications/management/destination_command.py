"""The base of the commands that switch a destination."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from notifications.models import Destination
from tasks_core.management.platform_command import PlatformCommand


class DestinationCommand(PlatformCommand):
    """Takes the channel and the name of a destination that exists."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare both."""
        parser.add_argument("name", help="Name of the destination; list_destinations shows them.")
        parser.add_argument("--channel", required=True, metavar="NAME", help="Its channel.")

    def named(self, options: Mapping[str, Any]) -> tuple[str, str]:
        """Return channel and name.

        Raises:
            CommandError: there is no such destination.
        """
        channel, name = options["channel"], options["name"]
        if not Destination.objects.filter(channel=channel, name=name).exists():
            raise CommandError(
                f"channel {channel} has no destination {name!r}; list_destinations shows them"
            )
        return channel, name
