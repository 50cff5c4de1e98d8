"""`manage.py list_events`: what happened to tasks."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

import tasks_core
from tasks_core.engine.states import EventKind
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.known_names import check_types
from tasks_core.management.output.events import FOUND_COLUMNS, describe_found
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.paging import add_paging_arguments, hint_at_more
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import TaskEvent

KINDS = ", ".join(EventKind)


class Command(PlatformCommand):
    """Lists events, a page at a time."""

    help = "List events, the newest first. Those of old days are gone; see EVENT_RETENTION_DAYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        parser.add_argument("--task", type=identifier, metavar="ID", help="Of this task.")
        parser.add_argument(
            "--type",
            action="append",
            default=[],
            metavar="NAME",
            help="Of tasks of this type; can be repeated.",
        )
        parser.add_argument(
            "--kind",
            type=_kind,
            action="append",
            default=[],
            metavar="KIND",
            help=f"Of this kind; can be repeated: {KINDS}.",
        )
        parser.add_argument(
            "--from",
            dest="at_from",
            type=instant,
            metavar="TIME",
            help="Not before this time, such as 2026-07-01T09:00+02:00.",
        )
        parser.add_argument(
            "--until", dest="at_until", type=instant, metavar="TIME", help="Before this time."
        )
        add_paging_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page."""
        check_types(options["type"], TaskEvent.objects.all())
        page = tasks_core.find_events(
            task_id=options["task"],
            task_types=options["type"],
            kinds=options["kind"],
            at_from=options["at_from"],
            at_until=options["at_until"],
            after=options["after"],
            limit=options["limit"],
        )
        write_list(self, map(describe_found, page.events), columns=FOUND_COLUMNS, options=options)
        hint_at_more(self, page.next_after)


def _kind(text: str) -> str:
    try:
        return EventKind(text.lower().replace("-", "_")).value
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is none of {KINDS}") from None
