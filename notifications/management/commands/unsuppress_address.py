"""`manage.py unsuppress_address`: take an address off the suppression list."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from notifications.api import unsuppress
from notifications.exceptions import NotificationsError
from notifications.management.arguments.channels import check_channel
from notifications.management.output.suppressions import add_address_arguments
from notifications.models import Suppression
from notifications.rules.suppressions import Reason
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Takes an address off the list."""

    help = "Take an address off the suppression list, so that messages are sent to it again."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the address, and which of its entries."""
        add_address_arguments(parser)
        parser.add_argument(
            "--reason",
            choices=[reason.value for reason in Reason],
            help="Only the entries for this reason.",
        )
        parser.add_argument("--category", metavar="KEY", help="Only the entries for this category.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove the entries, and say how many that were."""
        check_channel(options["channel"], Suppression.objects.all())
        names = ("reason", "category")
        removed = unsuppress(
            options["channel"], options["address"], **{name: options[name] for name in names}
        )
        if not removed:
            raise CommandError(
                "no such entry is on the list; list_suppressions --address shows them"
            )
        self.stdout.write(f"{removed}\tentries removed")
