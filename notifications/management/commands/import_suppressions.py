"""`manage.py import_suppressions`: put the addresses of a CSV file on the suppression list."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from notifications.exceptions import NotificationsError
from notifications.management.arguments.channels import check_channel
from notifications.management.arguments.text_input import opened_lines
from notifications.models import Suppression
from notifications.people.suppression.importing import import_suppressions
from notifications.rules.suppressions import Reason
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Imports entries."""

    help = (
        "Put the addresses of a CSV file on the suppression list. Its first line names the columns: address, "
        "and, if wanted, channel, reason, category and expires_at. Wrong lines are named, and the others "
        "stored; it can be run again."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file and what its lines do not say."""
        parser.add_argument("file", help="Path of the file, or - for standard input.")
        parser.add_argument(
            "--channel", default="email", metavar="NAME", help="Of lines that name none: email."
        )
        parser.add_argument(
            "--reason",
            choices=[reason.value for reason in Reason],
            default=Reason.MANUAL.value,
            help="Of lines that name none. Default: manual.",
        )
        parser.add_argument(
            "--source",
            default="import",
            metavar="NAME",
            help="Who says so, for people. Default: import.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what became of the lines."""
        check_channel(options["channel"], Suppression.objects.all())
        with opened_lines(options["file"]) as lines:
            imported = import_suppressions(
                lines,
                channel=options["channel"],
                reason=Reason(options["reason"]),
                source=options["source"],
            )
        self.stdout.write(f"{imported.read}\tread")
        self.stdout.write(f"{imported.stored}\tstored")
        for problem in imported.problems:
            self.stderr.write(problem)
        if imported.refused:
            raise CommandError(f"{imported.refused} lines were refused; the others are stored")
