"""`manage.py clean_up_triggers`: remove events of triggers, or only their logs, by age."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from notifications.exceptions import NotificationsError
from notifications.triggers import get_cron_trigger
from notifications.triggers.clean_up import delete_events, delete_logs
from tasks_core import clock
from tasks_core.management.arguments.duration import duration
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Removes what is old, in small batches."""

    help = (
        "Remove events that have ended, with their logs. Beat does so by itself after "
        "BELLRINGER_TRIGGER_RETENTION_DAYS; this is for when that is too late."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to remove."""
        parser.add_argument(
            "--older-than",
            type=duration,
            required=True,
            metavar="SPAN",
            help="Such as 30d or 12h; 0 for all.",
        )
        parser.add_argument("--trigger", metavar="NAME", help="Only events of this cron trigger.")
        parser.add_argument(
            "--logs-only", action="store_true", help="Remove logs, and keep the events."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove, and say how much it was."""
        trigger = get_cron_trigger(options["trigger"]) if options["trigger"] else None
        count = _remove(
            clock.now() - options["older_than"],
            trigger_id=trigger.pk if trigger else None,
            logs_only=options["logs_only"],
        )
        self.stdout.write(f"{count}\t{'logs' if options['logs_only'] else 'events'} removed")


def _remove(before: datetime, *, trigger_id: int | None, logs_only: bool) -> int:
    delete = delete_logs if logs_only else delete_events
    total = 0
    while count := delete(before, trigger_id=trigger_id):
        total += count
    return total
