"""`manage.py disable_cron_trigger`: switch a cron trigger off."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import disable_cron_trigger
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Switches a trigger off."""

    help = "Switch a cron trigger off: no ticks and no deliveries until it is enabled."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare name and reason."""
        parser.add_argument("name", help="Name of the trigger.")
        parser.add_argument("--reason", required=True, help="Why; at most 200 characters are kept.")
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch it off, and say so."""
        changed = disable_cron_trigger(options["name"], reason=signed(options["reason"], options))
        self.stdout.write(f"{options['name']}\t{'disabled' if changed else 'was off already'}")
