"""`manage.py replay_events`: give a subscriber events again."""

import logging
from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.numbers import event_id
from tasks_core.management.authorship import add_author_argument, author_of
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.subscriptions import SUBSCRIPTION_COLUMNS, describe_one
from tasks_core.management.platform_command import PlatformCommand

logger = logging.getLogger(__name__)


class Command(PlatformCommand):
    """Replays events to one subscriber."""

    help = (
        "Give a subscriber again all stored events from a time or an event on, and then what is new. "
        "A paused or parked one becomes active. What it had not got yet comes in any case."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which, and from where on."""
        parser.add_argument("name", help="Name of the subscriber; list_subscriptions shows them.")
        start = parser.add_mutually_exclusive_group(required=True)
        start.add_argument(
            "--since", type=instant, metavar="TIME", help="Events that happened then or later."
        )
        start.add_argument(
            "--after", type=event_id, metavar="ID", help="Events with a higher id; 0 for all."
        )
        parser.add_argument("--reason", default="", help="Why; kept in the log, with who asked.")
        add_author_argument(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Turn it back and show it."""
        name = options["name"]
        tasks_core.replay_events(name, since=options["since"], after=options["after"])
        logger.info(
            "events are given again by command",
            extra={
                "subscriber": name,
                "since": options["since"],
                "after": options["after"],
                "asked_by": author_of(options),
                "reason": options["reason"],
            },
        )
        write_list(self, [describe_one(name)], columns=SUBSCRIPTION_COLUMNS, options=options)
