"""`manage.py replay_dead_letters`: run tasks again that failed for good."""

import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.management.base import CommandError

from tasks_core.management.arguments.dead_letters import LetterChoice, add_letter_choice
from tasks_core.management.arguments.duration import duration
from tasks_core.management.arguments.json_input import SOURCES, json_input
from tasks_core.management.arguments.numbers import per_second
from tasks_core.management.authorship import add_author_argument, signed
from tasks_core.management.interruption import interruption
from tasks_core.management.output.progress import with_progress
from tasks_core.management.pace import Pace
from tasks_core.management.platform_command import INTERRUPTED, PlatformCommand
from tasks_core.management.replay_dead_letters import (
    CanaryFailed,
    Replayed,
    await_canary,
    replay_all,
)


class Command(PlatformCommand):
    """Replays dead letters."""

    help = (
        "Enqueue the tasks of dead letters again, each as a new task that is linked to the first. "
        "Ctrl-C stops between two of them; running the command again goes on with the rest."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which, and how carefully."""
        add_letter_choice(parser)
        parser.add_argument(
            "--payload",
            type=json_input,
            metavar="JSON",
            help=f"Replay a single one with another payload: {SOURCES}.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")
        parser.add_argument(
            "--rate", type=per_second, metavar="N/s", help="At most so many: 5/s, 30/m or 600/h."
        )
        parser.add_argument(
            "--canary",
            action="store_true",
            help="Replay the first one alone, and the others only if it succeeds.",
        )
        parser.add_argument(
            "--canary-timeout",
            type=duration,
            default=timedelta(minutes=5),
            metavar="TIME",
            help="How long to wait for the canary: seconds, or 90s, 15m, 2h. Default: 5m.",
        )
        parser.add_argument(
            "--note",
            default="",
            help="Why; kept with each dead letter and in each task's timeline.",
        )
        add_author_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, and say what became of them."""
        choice = LetterChoice.of(options)
        if options["payload"] is not None and len(options["ids"]) != 1:
            raise CommandError("--payload replaces the payload of one dead letter: give one id")
        if options["dry_run"]:
            self.stdout.write(f"{choice.count} would be replayed")
            return
        with interruption() as stop:
            run = _Run(self, choice, options, stop)
            run.carry_out()
        run.summarise()


class _Run:
    """One call of the command."""

    def __init__(
        self,
        command: PlatformCommand,
        choice: LetterChoice,
        options: dict[str, Any],
        stop: threading.Event,
    ) -> None:
        self._command = command
        self._choice = choice
        self._options = options
        self._stop = stop
        self._replayed = 0
        self._problems = 0

    def carry_out(self) -> None:
        """Replay the canary, if one is asked for, then the others."""
        replayed = replay_all(
            self._choice.ids(),
            payload=self._options["payload"],
            note=signed(self._options["note"], self._options),
            go_on=Pace(self._options["rate"], self._stop).wait,
        )
        if self._options["canary"]:
            self._send_canary(replayed)
        rest = self._choice.count - self._replayed - self._problems
        for result in with_progress(replayed, total=rest, what="Replaying"):
            self._note(result)

    def summarise(self) -> None:
        """Say how many were replayed.

        Raises:
            CommandError: some were not.
        """
        left = self._choice.count - self._replayed - self._problems
        self._command.stdout.write(f"{self._replayed} replayed")
        if self._stop.is_set() and left > 0:
            raise CommandError(
                f"interrupted: {left} are left; run the command again to go on",
                returncode=INTERRUPTED,
            )
        if self._problems:
            raise CommandError(f"{self._problems} could not be replayed")

    def _send_canary(self, replayed: Iterator[Replayed]) -> None:
        for canary in islice(replayed, 1):
            self._note(canary)
            if canary.task_id is None:
                raise CanaryFailed("the canary could not be replayed; no other one was")
            self._command.stdout.write(f"canary: waiting for task {canary.task_id}")
            await_canary(canary.task_id, patience=self._options["canary_timeout"], stop=self._stop)

    def _note(self, result: Replayed) -> None:
        if result.task_id is None:
            self._problems += 1
            self._command.stderr.write(f"dead letter {result.letter_id}: {result.problem}")
        else:
            self._replayed += 1
