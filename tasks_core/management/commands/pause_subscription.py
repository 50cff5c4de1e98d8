"""`manage.py pause_subscription`: let a subscriber of events wait."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.subscriptions import SUBSCRIPTION_COLUMNS, describe_one
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Pauses one subscriber."""

    help = (
        "Let a subscriber get no events until resume_subscription; then it goes on where it was. "
        "Old events are kept for it meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the subscriber; list_subscriptions shows them.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Pause it and show it."""
        name = options["name"]
        if not tasks_core.pause_subscription(name):
            self.stderr.write(f"{name} was paused already")
        write_list(self, [describe_one(name)], columns=SUBSCRIPTION_COLUMNS, options=options)
