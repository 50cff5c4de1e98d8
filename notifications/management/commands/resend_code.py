"""`manage.py resend_code`: send a one-time code again."""

from argparse import ArgumentParser
from typing import Any

from notifications.codes.resending import resend
from notifications.exceptions import NotificationsError
from notifications.management.output.notifications import (
    NOTIFICATION_COLUMNS,
    describe_notification,
)
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Sends a code again."""

    help = (
        "Send the code of a notification again, without making it valid for longer. The notification "
        "must have been sent with resends."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of ``notifications.api.resend``."""
        parser.add_argument("notification", type=identifier, help="Id of the first notification.")
        parser.add_argument("--to", metavar="ADDRESS", help="Another address, if not the same.")
        parser.add_argument("--channel", metavar="NAME", help="Found from --to if not given.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the new notification and show it."""
        again = resend(options["notification"], to=options["to"], channel=options["channel"])
        shown = [describe_notification(again)]
        write_list(self, shown, columns=NOTIFICATION_COLUMNS, options=options)
