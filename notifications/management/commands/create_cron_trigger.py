"""`manage.py create_cron_trigger`: call a webhook at the times of a cron expression."""

from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.arguments.call import add_call_arguments, call_options
from notifications.management.output.triggers import TRIGGER_COLUMNS, describe_trigger
from notifications.models import CronTrigger
from notifications.triggers import create_cron_trigger
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Creates or replaces a trigger."""

    help = "Create a cron trigger, or replace it. Nothing is stored on error."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of ``notifications.triggers.create_cron_trigger``."""
        parser.add_argument("name", help="Unique; the webhook gets it.")
        parser.add_argument(
            "--schedule",
            required=True,
            metavar="CRON",
            help="5 fields, or 6 with the seconds first, such as '0 9 * * mon-fri'.",
        )
        parser.add_argument(
            "--timezone", default="UTC", metavar="ZONE", help="Such as Europe/Berlin. Default: UTC."
        )
        add_call_arguments(parser)
        parser.add_argument(
            "--misfire-policy",
            choices=CronTrigger.MisfirePolicy.values,
            default="fire_all",
            help="What becomes of ticks that nobody fired in time. Default: fire_all.",
        )
        parser.add_argument(
            "--when-disabled",
            choices=CronTrigger.WhenDisabled.values,
            default="cancelled",
            help="How events end that are due while it is disabled. Default: cancelled.",
        )
        parser.add_argument("--disabled", action="store_true", help="Do not switch it on yet.")
        parser.add_argument(
            "--include-in-metadata", action="store_true", help="Part of the exported metadata."
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Update the trigger of this name; what is left out has its default again.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the trigger and show it."""
        passed_on = (
            "schedule",
            "timezone",
            "misfire_policy",
            "when_disabled",
            "include_in_metadata",
        )
        trigger = create_cron_trigger(
            options["name"],
            enabled=not options["disabled"],
            replace=options["replace"],
            **{name: options[name] for name in passed_on},
            **call_options(options),
        )
        write_list(self, [describe_trigger(trigger)], columns=TRIGGER_COLUMNS, options=options)
