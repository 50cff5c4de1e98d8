"""`manage.py list_subscriptions`: who gets the events of tasks."""

from argparse import ArgumentParser
from typing import Any

from tasks_core.events.deleting import registrations
from tasks_core.events.lag import with_lag
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.subscriptions import SUBSCRIPTION_COLUMNS, describe_subscription
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import EventSubscription


class Command(PlatformCommand):
    """Lists all subscribers."""

    help = (
        "List the subscribers of events by name: whether they get them, how far they are behind, "
        "and what failed. One that is not registered is neither in the code that runs here nor in that of a "
        "worker or beat that is alive."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filter."""
        parser.add_argument(
            "--state", choices=EventSubscription.State.values, help="Only those in this state."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them."""
        found = with_lag(EventSubscription.objects.order_by("name"))
        if options["state"] is not None:
            found = found.filter(state=options["state"])
        known = registrations()
        rows = [describe_subscription(subscription, known) for subscription in found]
        write_list(self, rows, columns=SUBSCRIPTION_COLUMNS, options=options)
