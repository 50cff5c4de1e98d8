"""`manage.py list_schedules`: what runs again and again."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tasks_core import clock
from tasks_core.management.known_names import check_types
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.schedules import SCHEDULE_COLUMNS, describe_schedule
from tasks_core.management.paging import add_paging_arguments, hint_at_more
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import Schedule
from tasks_core.schedules.latest import with_latest
from tasks_core.schedules.standing import Standing, in_standing


class Command(PlatformCommand):
    """Lists schedules, a page at a time."""

    help = "List schedules, the newest first, with their next time and what became of their last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        parser.add_argument(
            "--state",
            choices=[standing.value for standing in Standing],
            help="Only those in this state.",
        )
        parser.add_argument("--type", metavar="NAME", help="Of this task type.")
        parser.add_argument("--tag", metavar="TAG", help="With this tag.")
        parser.add_argument("--name", metavar="PART", help="With this in their name.")
        add_paging_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page."""
        now, limit = clock.now(), options["limit"]
        found = list(_chosen(options, now).order_by("-pk")[: limit + 1])
        rows = [describe_schedule(schedule, now) for schedule in found[:limit]]
        write_list(self, rows, columns=SCHEDULE_COLUMNS, options=options)
        hint_at_more(self, found[limit - 1].pk if len(found) > limit else None)


def _chosen(options: Mapping[str, Any], now: datetime) -> QuerySet[Schedule]:
    schedules = Schedule.objects.existing()
    if options["type"] is not None:
        check_types([options["type"]], schedules)
    if options["state"] is not None:
        schedules = in_standing(schedules, Standing(options["state"]), now)
    filters = {
        "task_type": options["type"],
        "tags__contains": None if options["tag"] is None else [options["tag"]],
        "name__icontains": options["name"],
        "pk__lt": options["after"],
    }
    given = {name: value for name, value in filters.items() if value is not None}
    return with_latest(schedules.filter(**given).select_related("retry_policy"), now)
