"""`manage.py create_scheduled_event`: call a webhook once, at a certain time."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.arguments.call import add_call_arguments, call_options
from notifications.management.output.triggers import EVENT_COLUMNS, describe_event
from notifications.triggers import create_scheduled_event
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Creates an event."""

    help = "Have a webhook called once, at a certain time. Nothing is stored on error."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of ``notifications.triggers.create_scheduled_event``."""
        parser.add_argument(
            "--schedule-at",
            required=True,
            metavar="TIME",
            help="When, such as 2026-07-01T09:00+02:00. A time in the past is at once.",
        )
        add_call_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the event and show it."""
        event = create_scheduled_event(schedule_at=options["schedule_at"], **call_options(options))
        write_list(self, [describe_event(event)], columns=EVENT_COLUMNS, options=options)
