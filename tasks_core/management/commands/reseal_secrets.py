"""`manage.py reseal_secrets`: seal all that is stored with the first key, so that the others may go."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from tasks_core.encryption import seal
from tasks_core.exceptions import TasksCoreError
from tasks_core.key_rotation.columns import Place, sealed_places
from tasks_core.key_rotation.rows import count_rows
from tasks_core.key_rotation.run import Chunk, check, reseal
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.interruption import interruption
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.progress import with_progress
from tasks_core.management.platform_command import INTERRUPTED, PlatformCommand

COLUMNS = ("column", "rows", "resealed", "older_key", "no_key")
SHOWN_IDS = 20


class Command(PlatformCommand):
    """Goes through every sealed column, and tells whether the other keys are needed still."""

    help = (
        "Seal every stored secret anew with the first of ENCRYPTION_KEYS, so that the others may be taken "
        "away. It can be interrupted, and run while everything else runs; what is done is left as it is. "
        "Exit status: 0 the first key opens all, 1 some rows need another one."
    )
    refusals = (TasksCoreError, ImproperlyConfigured)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to do, and where to begin."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="Change nothing, and only tell which rows the first key does not open.",
        )
        parser.add_argument(
            "--after",
            type=_place_and_id,
            metavar="COLUMN:ID",
            help="Go on where an earlier run was interrupted, as that has said.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write a line for each column, and exit by whether another key is needed."""
        seal("probe")  # a key that is none is told before anything is read
        run = _Run(is_check=options["check"], after=options["after"])
        write_list(self, run.columns(), columns=COLUMNS, options=options)
        self.stdout.flush()
        for line in run.told():
            self.stderr.write(line)
        if run.stopped_at:
            sys.exit(INTERRUPTED)
        if run.is_needing_another_key:
            sys.exit(1)


@dataclass
class _Some:
    """How many rows, and the ids of the first of them."""

    count: int = 0
    ids: list[int] = field(default_factory=list)

    def add(self, more: Sequence[int]) -> None:
        self.count += len(more)
        self.ids += more[: SHOWN_IDS - len(self.ids)]

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.ids))
        rest = self.count - len(self.ids)
        return f"{shown} and {rest:,} more" if rest else shown


@dataclass
class _Column:
    """What was found in one column."""

    name: str
    rows: int = 0
    resealed: int = 0
    old: _Some = field(default_factory=_Some)
    lost: _Some = field(default_factory=_Some)

    def add(self, chunk: Chunk) -> None:
        self.rows += chunk.sealed
        self.resealed += chunk.changed
        self.old.add(chunk.old)
        self.lost.add(chunk.lost)

    def described(self) -> dict[str, Any]:
        return {
            "column": self.name,
            "rows": self.rows,
            "resealed": self.resealed,
            "older_key": self.old.count,
            "no_key": self.lost.count,
        }


class _Run:
    """A run over the columns: how far it has come and what it has found."""

    def __init__(self, *, is_check: bool, after: tuple[str, int] | None) -> None:
        self._is_check = is_check
        self._after = after
        self._found: list[_Column] = []
        self.stopped_at = ""

    def columns(self) -> Iterator[dict[str, Any]]:
        """Go through the columns, and give what there is to say of each."""
        with interruption() as asked:
            for place, after in self._places():
                column = _Column(place.name)
                self._found.append(column)
                for chunk in self._chunks(place, after):
                    column.add(chunk)
                    if asked.is_set():
                        self.stopped_at = f"{place.name}:{chunk.last_id}"
                        break
                yield column.described()
                if self.stopped_at:
                    return

    @property
    def is_needing_another_key(self) -> bool:
        return any(column.old.count or column.lost.count for column in self._found)

    def told(self) -> Iterator[str]:
        """Return what a person is to do next."""
        for column in self._found:
            if column.lost.count:
                yield (
                    f"{column.name}: no key opens {column.lost}; put the key that sealed them back at "
                    "the end of ENCRYPTION_KEYS, or store them anew"
                )
            if column.old.count and not self._is_check:
                yield f"{column.name}: locked by others all the time, so not done: {column.old}"
        if self.stopped_at:
            yield f"interrupted; go on with --after {self.stopped_at}"
        elif self.is_needing_another_key:
            yield "other keys than the first are needed; " + (
                "run reseal_secrets before you take one away"
                if self._is_check
                else "run it again before you take one away"
            )
        elif not self._is_check:
            yield "what was stored is sealed with the first key; reseal_secrets --check tells whether all is"
        elif self._after is None:
            yield "the first key opens all; the others may be taken away"
        else:
            yield "the first key opens all that was looked at"

    def _chunks(self, place: Place, after: int) -> Iterator[Chunk]:
        work = check if self._is_check else reseal
        what = f"{'Checking' if self._is_check else 'Resealing'} {place.name}"
        return with_progress(
            work(place, after=after), total=count_rows(place), what=what, size=_rows_of
        )

    def _places(self) -> Iterator[tuple[Place, int]]:
        for place in sealed_places():
            if self._after is None or place.name > self._after[0]:
                yield place, 0
            elif place.name == self._after[0]:
                yield place, self._after[1]


def _rows_of(chunk: Chunk) -> int:
    return chunk.rows


def _place_and_id(text: str) -> tuple[str, int]:
    name, _, last = text.rpartition(":")
    names = [place.name for place in sealed_places()]
    if name not in names:
        raise ArgumentTypeError(f"{text!r} is no COLUMN:ID; the columns are {', '.join(names)}")
    return name, identifier(last)
