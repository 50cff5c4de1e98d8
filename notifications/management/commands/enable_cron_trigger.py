"""`manage.py enable_cron_trigger`: switch a cron trigger on."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import enable_cron_trigger
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Switches a trigger on."""

    help = "Switch a cron trigger on; it ticks from now."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name."""
        parser.add_argument("name", help="Name of the trigger.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch it on, and say so."""
        word = "enabled" if enable_cron_trigger(options["name"]) else "was on already"
        self.stdout.write(f"{options['name']}\t{word}")
