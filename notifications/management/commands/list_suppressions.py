"""`manage.py list_suppressions`: the suppression list, the newest entries first."""

from argparse import ArgumentParser
from typing import Any

from notifications.keys.address_hash import address_hash
from notifications.management.arguments.channels import check_channel
from notifications.management.output.suppressions import COLUMNS, describe_suppression
from notifications.models import Suppression
from notifications.models.suppression import SuppressionQuerySet
from notifications.rules.suppressions import Reason
from tasks_core import clock
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.paging import add_paging_arguments, hint_at_more
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists entries."""

    help = "List the entries of the suppression list that hold, the newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        parser.add_argument("--address", help="Only entries of this address, in any spelling.")
        parser.add_argument(
            "--channel",
            default="email",
            metavar="NAME",
            help="The channel of --address. Default: email.",
        )
        parser.add_argument(
            "--reason", choices=[reason.value for reason in Reason], help="Only this reason."
        )
        parser.add_argument(
            "--expired", action="store_true", help="Those that do not hold any more, too."
        )
        add_paging_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write a page of the list."""
        limit = options["limit"]
        rows = list(_chosen(options).order_by("-pk")[: limit + 1])
        shown = rows[:limit]
        write_list(self, map(describe_suppression, shown), columns=COLUMNS, options=options)
        hint_at_more(self, shown[-1].pk if len(rows) > limit else None)


def _chosen(options: dict[str, Any]) -> SuppressionQuerySet:
    found = Suppression.objects.all()
    if not options["expired"]:
        found = found.holding(clock.now())
    if options["address"]:
        channel = options["channel"]
        check_channel(channel, Suppression.objects.all())
        hashed = address_hash(channel, options["address"])
        found = found.filter(channel=channel, address_hash=hashed)
    if options["reason"]:
        found = found.filter(reason=options["reason"])
    if options["after"]:
        found = found.filter(pk__lt=options["after"])
    return found
