"""The execution log: every handler appends one record, and every id is checked from it afterwards.

One `os.write` of 24 bytes to a file opened with O_APPEND costs under a microsecond, so that the
bookkeeping
does not hide the differences it is there to show. This module needs nothing but the standard
library, because
each peer imports it in its own virtual environment.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from struct import Struct
from typing import NamedTuple

RECORD = Struct("=qdd")
PATH_VARIABLE = "BENCH_LEDGER"
#: Ids from here on are warm-up: executed, but no part of any figure.
FIRST_WARM_UP_ID = 1 << 40


class Execution(NamedTuple):
    """One execution of one task; `start` and `end` are seconds since the epoch."""

    task: int
    start: float
    end: float


@cache
def _descriptor(process: int) -> int:
    return os.open(os.environ[PATH_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def record(task: int, start: float, end: float) -> None:
    """Append one execution. A forked process opens the file again rather than share a
    descriptor.
    """
    os.write(_descriptor(os.getpid()), RECORD.pack(task, start, end))


def most_at_once(executions: Iterable[Execution]) -> int:
    """Give how many executions were under way at the same moment, at most."""
    moments: list[tuple[float, int]] = []
    for execution in executions:
        moments += [(execution.start, 1), (execution.end, -1)]
    return max(accumulate(step for _, step in sorted(moments)), default=0)


@dataclass(frozen=True)
class Tally:
    """How the ids that ran compare with the ids that should have."""

    expected: int
    missing: int
    duplicates: int


class Ledger:
    """The harness's view of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        path.touch(mode=0o644)

    def size(self) -> int:
        """Records so far, warm-up and duplicates included."""
        return self.path.stat().st_size // RECORD.size

    def executions(self) -> Iterator[Execution]:
        """Every execution that is no warm-up, in the order of writing."""
        for fields in self._records():
            if fields[0] < FIRST_WARM_UP_ID:
                yield Execution(*fields)

    def warmed_up(self) -> int:
        """Distinct warm-up ids that ran."""
        return len({task for task, _, _ in self._records() if task >= FIRST_WARM_UP_ID})

    def tally(self, expected: Iterable[int]) -> Tally:
        """Check every expected id; executions of ids nobody asked for count as duplicates."""
        wanted = set(expected)
        ran = Counter(execution.task for execution in self.executions())
        return Tally(
            expected=len(wanted),
            missing=len(wanted - ran.keys()),
            duplicates=ran.total() - len(wanted & ran.keys()),
        )

    def _records(self) -> Iterator[tuple[int, float, float]]:
        content = self.path.read_bytes()
        # A record that is just being written may be there in part only.
        whole = len(content) - len(content) % RECORD.size
        return RECORD.iter_unpack(memoryview(content)[:whole])
