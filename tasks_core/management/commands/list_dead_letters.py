"""`manage.py list_dead_letters`: what failed for good."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from tasks_core.management.known_names import check_types
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.tasks import LETTER_COLUMNS, describe_letter
from tasks_core.management.paging import add_paging_arguments, hint_at_more
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import DeadLetter
from tasks_core.models.dead_letter import DeadLetterQuerySet


class Command(PlatformCommand):
    """Lists dead letters, a page at a time."""

    help = "List dead letters, the newest first: those that nobody has dealt with, if not told otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--open", action="store_true", help="Unresolved ones. The default.")
        which.add_argument("--resolved", action="store_true", help="Replayed and discarded ones.")
        which.add_argument("--all", action="store_true", help="Both.")
        parser.add_argument("--type", metavar="NAME", help="Of this task type.")
        parser.add_argument("--fingerprint", metavar="HEX", help="Of the same failure.")
        add_paging_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page."""
        limit = options["limit"]
        found = list(_chosen(options).order_by("-pk")[: limit + 1])
        page = found[:limit]
        write_list(self, map(describe_letter, page), columns=LETTER_COLUMNS, options=options)
        hint_at_more(self, page[-1].pk if len(found) > limit else None)


def _chosen(options: Mapping[str, Any]) -> DeadLetterQuerySet:
    letters = DeadLetter.objects.defer("traceback")
    if options["type"] is not None:
        check_types([options["type"]], letters)
    if options["resolved"]:
        letters = letters.exclude(resolution="")
    elif not options["all"]:
        letters = letters.filter(resolution="")
    for field, option in (("task_type", "type"), ("fingerprint", "fingerprint")):
        if options[option] is not None:
            letters = letters.filter(**{field: options[option]})
    if options["after"] is not None:
        letters = letters.filter(pk__lt=options["after"])
    return letters
