"""`manage.py delete_cron_trigger`: remove a cron trigger."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import delete_cron_trigger
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Deletes a trigger."""

    help = (
        "Delete a cron trigger with its events and logs. What has not been delivered is not sent."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the name."""
        parser.add_argument("name", help="Name of the trigger.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete it, and say so."""
        delete_cron_trigger(options["name"])
        self.stdout.write(f"{options['name']}\tdeleted")
