"""`manage.py rebuild_tasks`: do the tasks and their events agree?"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from tasks_core.events.rebuilding import Chunk, Difference, rebuild
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.interruption import interruption
from tasks_core.management.output.events import DIFFERENCE_COLUMNS, describe_difference
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.progress import with_progress
from tasks_core.management.platform_command import INTERRUPTED, PlatformCommand
from tasks_core.models import Task


class Command(PlatformCommand):
    """Derives the tasks from their events, and reports every difference to the table."""

    help = (
        "Derive the state of each task from its events and report every difference to the table of "
        "tasks. Nothing is changed. Exit status: 0 they agree, 1 there are differences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to begin and end."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--task", type=identifier, metavar="ID", help="This task only.")
        which.add_argument(
            "--after",
            type=identifier,
            default=0,
            metavar="ID",
            help="Only tasks after this id: where an earlier run was interrupted.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each difference as soon as it is found, and exit by whether there were any."""
        only = options["task"]
        check = _Check(after=options["after"] if only is None else only - 1, until=only)
        rows = map(describe_difference, check.differences())
        write_list(self, rows, columns=DIFFERENCE_COLUMNS, options=options, is_endless=True)
        self.stderr.write(f"{check.tasks:,} tasks compared, {check.found:,} differences")
        status = 1 if check.found else 0
        if check.is_interrupted:
            self.stderr.write(f"interrupted; go on with --after {check.last_id}")
            status = INTERRUPTED
        if status:
            self.stdout.flush()
            sys.exit(status)


class _Check:
    """A run over the tasks: how far it has come and what it has found."""

    def __init__(self, *, after: int, until: int | None) -> None:
        self._until = until
        self.last_id = after
        self.tasks = self.found = 0
        self.is_interrupted = False

    def differences(self) -> Iterator[Difference]:
        """Return what is found, and note how far that is."""
        total = Task.objects.count() if self._until is None else None
        chunks = rebuild(after=self.last_id, until=self._until)
        with interruption() as asked:
            for chunk in with_progress(chunks, total=total, what="Comparing", size=_tasks_of):
                self.tasks += chunk.tasks
                self.found += len(chunk.differences)
                self.last_id = chunk.last_id
                yield from chunk.differences
                if asked.is_set():
                    self.is_interrupted = True
                    return


def _tasks_of(chunk: Chunk) -> int:
    return chunk.tasks
