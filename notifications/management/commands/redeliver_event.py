"""`manage.py redeliver_event`: deliver once more what has ended."""

import logging
from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.management.output.triggers import EVENT_COLUMNS, describe_event
from notifications.triggers import redeliver_event
from tasks_core.management.authorship import add_author_argument, author_of
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

logger = logging.getLogger(__name__)


class Command(PlatformCommand):
    """Redelivers an event."""

    help = "Deliver an event that has ended once more, as a new event that is linked to it."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the id."""
        parser.add_argument("event", help="Id of the event.")
        parser.add_argument("--reason", default="", help="Why; kept in the log, with who asked.")
        add_author_argument(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the new event and show it."""
        event = redeliver_event(options["event"])
        logger.info(
            "an event is delivered again by command",
            extra={
                "event": options["event"],
                "redelivered_as": str(event.event_id),
                "asked_by": author_of(options),
                "reason": options["reason"],
            },
        )
        write_list(self, [describe_event(event)], columns=EVENT_COLUMNS, options=options)
