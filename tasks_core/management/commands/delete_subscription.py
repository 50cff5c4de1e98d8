"""`manage.py delete_subscription`: forget a subscriber that is in the code no more."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.subscriptions import SUBSCRIPTION_COLUMNS, describe_one
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import EventSubscription


class Command(PlatformCommand):
    """Deletes the cursor of one subscriber."""

    help = (
        "Forget how far a subscriber of events has come that is in the code no more. "
        "Until then old events are kept for it. A beat must be alive, which says that it does not have it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("name", help="Name of the subscriber; list_subscriptions shows them.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete it and show what it was."""
        names = EventSubscription.objects.filter(name=options["name"]).values_list(
            "name", flat=True
        )
        rows = [{**describe_one(name), "state": "deleted"} for name in names]
        tasks_core.delete_subscription(options["name"])
        write_list(self, rows, columns=SUBSCRIPTION_COLUMNS, options=options)
