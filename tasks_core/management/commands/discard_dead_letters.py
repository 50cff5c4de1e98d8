"""`manage.py discard_dead_letters`: settle failures without running the tasks again."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.exceptions import InvalidTransition
from tasks_core.management.arguments.dead_letters import LetterChoice, add_letter_choice
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.interruption import interruption
from tasks_core.management.output.progress import with_progress
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Discards dead letters."""

    help = "Resolve dead letters without running their tasks again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which, and why."""
        add_letter_choice(parser)
        parser.add_argument("--note", required=True, help="Why; kept with each dead letter.")
        add_author_argument(parser)
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Discard those that are still unresolved when their turn comes."""
        choice = LetterChoice.of(options)
        if options["dry_run"]:
            self.stdout.write(f"{choice.count} would be discarded")
            return
        discarded, note = 0, signed(options["note"], options)
        with interruption() as stop:
            for letter_id in with_progress(choice.ids(), total=choice.count, what="Discarding"):
                if stop.is_set():
                    break
                discarded += _discard(letter_id, note)
        self.stdout.write(f"{discarded} discarded, {choice.count - discarded} left as they were")


def _discard(letter_id: int, note: str) -> int:
    try:
        tasks_core.discard(letter_id, note=note)
    except InvalidTransition:  # somebody else has dealt with it meanwhile
        return 0
    return 1
