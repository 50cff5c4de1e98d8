"""`manage.py resume_subscription`: let a subscriber of events go on."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.subscriptions import SUBSCRIPTION_COLUMNS, describe_one
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Resumes one subscriber."""

    help = (
        "Let a paused or parked subscriber go on where it was. "
        "One is parked after its handler has failed too often: mend that first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the subscriber; list_subscriptions shows them.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume it and show it."""
        name = options["name"]
        if not tasks_core.resume_subscription(name):
            self.stderr.write(f"{name} was active already")
        write_list(self, [describe_one(name)], columns=SUBSCRIPTION_COLUMNS, options=options)
