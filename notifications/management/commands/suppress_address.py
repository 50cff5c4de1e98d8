"""`manage.py suppress_address`: send nothing to an address any more."""

from argparse import ArgumentParser
from typing import Any

from notifications.api import suppress, suppressions_of
from notifications.exceptions import NotificationsError
from notifications.management.arguments.channels import check_channel
from notifications.management.output.suppressions import (
    COLUMNS,
    add_address_arguments,
    describe_suppression,
)
from notifications.models import Suppression
from notifications.rules.suppressions import Reason
from tasks_core.management.arguments.instant import instant
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.management.shell_user import shell_user


class Command(PlatformCommand):
    """Puts an address on the list."""

    help = "Put an address on the suppression list: nothing is sent to it any more."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the address and why."""
        add_address_arguments(parser)
        parser.add_argument(
            "--reason",
            choices=[reason.value for reason in Reason],
            default=Reason.MANUAL.value,
            help="Wishes (complaint, unsubscribe) do not stop critical messages. Default: manual.",
        )
        parser.add_argument(
            "--category", default="", metavar="KEY", help="Only for it, and those below it."
        )
        parser.add_argument(
            "--expires-at", type=instant, metavar="TIME", help="It ends then. Default: never."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the entry, and show all that hold for the address."""
        channel, address = options["channel"], options["address"]
        check_channel(channel, Suppression.objects.all())
        suppress(
            channel,
            address,
            reason=options["reason"],
            source=shell_user()[:50] or "command",
            category=options["category"],
            expires_at=options["expires_at"],
        )
        entries = suppressions_of(channel, address)
        write_list(self, map(describe_suppression, entries), columns=COLUMNS, options=options)
