"""`manage.py list_cron_triggers`: all cron triggers."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.output.triggers import TRIGGER_COLUMNS, describe_trigger
from notifications.triggers import export_cron_triggers, get_cron_triggers
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists triggers."""

    help = "List cron triggers by name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the choice."""
        parser.add_argument(
            "--exported",
            action="store_true",
            help="Only the definitions of those that are included in the metadata.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the list."""
        rows = (
            export_cron_triggers()
            if options["exported"]
            else map(describe_trigger, get_cron_triggers())
        )
        write_list(self, rows, columns=TRIGGER_COLUMNS, options=options)
