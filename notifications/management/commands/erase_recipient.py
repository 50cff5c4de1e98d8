"""`manage.py erase_recipient`: remove an address, and what was said to it, everywhere."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import NotificationsError
from notifications.privacy.erasure.erase import erase
from notifications.privacy.erasure.subject import subject_of
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.management.shell_user import shell_user


class Command(PlatformCommand):
    """Erases a recipient."""

    help = (
        "Remove a person from notifications, deliveries, tasks, events and logs, with all texts that "
        "were sent to them. What is unsent is cancelled. It cannot be taken back; run it again if it was "
        "interrupted."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the address and the confirmation."""
        parser.add_argument(
            "address",
            metavar="ADDRESS",
            nargs="?",
            help="The whole address; - reads it from standard input, which keeps it out of the shell's "
            "history.",
        )
        parser.add_argument(
            "--recipient",
            metavar="KEY",
            help="Instead of an address, the key of a recipient: all addresses it has or had.",
        )
        parser.add_argument(
            "--channel", choices=sorted(CHANNELS), help="Only notifications by this channel."
        )
        parser.add_argument("--yes", action="store_true", help="Do not ask whether it is meant.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, erase, and say how much it was."""
        address, recipient = options["address"], options["recipient"]
        if (address is None) == (recipient is None):
            raise CommandError("give either an ADDRESS or --recipient KEY")
        if address == "-":
            address = sys.stdin.readline()
        tombstone = ""
        if recipient is None:
            tombstone = subject_of(address, options["channel"]).tombstone
        if not options["yes"]:
            _confirm(from_input=options["address"] == "-")
        counts = erase(
            address=address, recipient=recipient, channel=options["channel"], actor=shell_user()
        )
        for name, count in counts.items():
            self.stdout.write(f"{count}\t{name}")
        if tombstone:
            self.stdout.write(f"erased as {tombstone}")


def _confirm(*, from_input: bool) -> None:
    if from_input or not sys.stdin.isatty():
        raise CommandError("nobody can be asked here; add --yes if this person is to be erased")
    if input("This cannot be taken back. Type erase to go on: ").strip() != "erase":
        raise CommandError("nothing was erased")
