"""Rows that fail: stepped past for a while, so that the others go on, and named once with what to do."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import QuerySet

from tasks_core import database
from tasks_core.database.errors import is_healed_by_savepoint, is_servers_fault
from tasks_core.database.readable_rows import read_rows

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds until a row that has failed is tried again: twice as long from time to time."""

RETENTION_PAUSE = 6 * 3_600.0
"""The longest pause of what only wants to be removed, and may be kept by a stranger's row for good."""

MOST_ROWS = 20_000
"""So many are remembered; of more, those whose turn comes first are tried again sooner."""

SERVE_SECONDS = 5.0
"""After so long a batch of which many fail is left for another transaction."""

SAY_SECONDS = 60.0
"""How often, at most, one duty speaks of its rows."""

SAY_EACH = 20
"""A row that has been named is named again after so many failures."""

Row = TypeVar("Row")
Found = TypeVar("Found", bound=models.Model)


@dataclass(slots=True)
class _Failing:
    failures: int = 0
    until: float = 0.0
    is_named: bool = False


class RowBackoff:
    """Which rows one duty of this process steps past, and until when.

    It lives in memory: another beat, or the next one, finds out by itself.

    Args:
        what: what a row is and what does not happen to it, with ``{}`` for its key.
        remedy: what a person can do.
        longest: seconds of the longest pause.
    """

    def __init__(self, what: str, remedy: str, *, longest: float = LONGEST_PAUSE) -> None:
        self._longest = longest
        self._what, self._remedy = what, remedy
        self._failing: dict[Hashable, _Failing] = {}
        self._lock = threading.Lock()
        self._silent_until = float("-inf")
        _all.append(self)

    def __len__(self) -> int:
        """Return how many rows have failed and not gone well since."""
        return len(self._failing)

    def aside(self) -> list[Any]:
        """Return the keys of the rows whose turn has not come again."""
        now = time.monotonic()
        with self._lock:
            forgotten = now - 2 * self._longest
            for key in [k for k, row in self._failing.items() if row.until < forgotten]:
                del self._failing[key]  # it is gone, or went well elsewhere
            return [key for key, row in self._failing.items() if row.until > now]

    def ids(self) -> list[int]:
        """Return those keys where they are ids."""
        return [key for key in self.aside() if isinstance(key, int)]

    def seconds_left(self, keys: Collection[Hashable]) -> float:
        """Return in how many seconds the last of these rows has its turn again."""
        now = time.monotonic()
        with self._lock:
            found = [row.until - now for key in keys if (row := self._failing.get(key))]
        return max(found, default=0.0)

    def failed(self, key: Hashable, error: BaseException) -> None:
        """Step past this row for a while."""
        with self._lock:
            row = self._failing.setdefault(key, _Failing())
            pause = min(FIRST_PAUSE * 2 ** min(row.failures, 20), self._longest)
            row.failures, row.until = row.failures + 1, time.monotonic() + pause
            if len(self._failing) > MOST_ROWS:
                del self._failing[min(self._failing, key=lambda k: self._failing[k].until)]
        if not row.is_named or row.failures % SAY_EACH == 0:
            row.is_named = self._say(key, pause, error)

    def went_well(self, keys: Sequence[Hashable]) -> None:
        """Forget that these rows ever failed."""
        if self._failing:
            with self._lock:
                for key in keys:
                    self._failing.pop(key, None)

    def sentence(self, key: Hashable) -> str:
        """Return what is wrong with a row."""
        return self._what.format(key)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._failing.clear()
            self._silent_until = float("-inf")

    def _say(self, key: Hashable, pause: float, error: BaseException) -> bool:
        now = time.monotonic()
        if now < self._silent_until:
            return False
        self._silent_until = now + SAY_SECONDS
        logger.error(
            "%s; it is tried again in %.0f s, and the others go on (%d put aside). %s",
            self.sentence(key),
            pause,
            len(self._failing),
            self._remedy,
            exc_info=error,
        )
        return True

    @contextmanager
    def stepping_past(
        self, key: Hashable, *, but: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Let what fails in here concern this row alone; for work that has a transaction of its own.

        Errors for which the database is to blame are raised, for they would meet every row, and so are those
        of the kinds ``but``.
        """
        try:
            yield
        except Exception as error:
            if isinstance(error, but) or _meets_all(error):
                raise
            self.failed(key, error)
        else:
            self.went_well([key])

    def read(self, rows: QuerySet[Found], *, limit: int) -> list[Found]:
        """Read rows in a transaction, and step past those that Python cannot hold.

        Their columns are read by the client, so that the transaction goes on after such an error. Errors for
        which the database is to blame are raised.
        """
        found = read_rows(rows, limit=limit)
        for pk, error in found.unreadable.items():
            self.failed(pk, error)
        return found.sound

    def serve(
        self,
        rows: Sequence[Row],
        work: Callable[[Sequence[Row]], int],
        *,
        key: Callable[[Row], Hashable],
    ) -> int:
        """Do ``work`` for all rows and return the sum of what it returns; call it in a transaction.

        Where it fails for all, it is done for one half and for the other, and so on, each in a savepoint: in
        the end the one row is known that fails, and all others are served. That ends after a few seconds, so
        that no transaction holds its locks for long; what is left then has its turn with the next call.
        Errors for which the database is to blame are raised.
        """
        return self._serve(rows, work, key, until=time.monotonic() + SERVE_SECONDS)

    def _serve(
        self,
        rows: Sequence[Row],
        work: Callable[[Sequence[Row]], int],
        key: Callable[[Row], Hashable],
        *,
        until: float,
    ) -> int:
        if not rows:
            return 0
        try:
            with transaction.atomic(using=database.alias()):
                count = work(rows)
                # It would else refuse the whole transaction at its end, too late to leave one out.
                database.connection().check_constraints()
        except Exception as error:
            if _meets_all(error):
                raise
            if len(rows) == 1:
                self.failed(key(rows[0]), error)
                return 0
            half = len(rows) // 2
            count = self._serve(rows[:half], work, key, until=until)
            if time.monotonic() < until:
                count += self._serve(rows[half:], work, key, until=until)
            return count
        self.went_well([key(row) for row in rows])
        return count


_all: list[RowBackoff] = []


def failing_rows() -> str:
    """Return what the rows are that the duties of this process step past; empty if there are none."""
    said = []
    for one in _all:
        keys = one.aside()
        if keys:
            others = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
            said.append(one.sentence(keys[0]) + others)
    return "; ".join(said)


def all_of_this_process() -> list[RowBackoff]:
    """Return what the duties of this process step past."""
    return list(_all)


def _meets_all(error: Exception) -> bool:
    if database.connection().needs_rollback:
        return True  # not even the savepoint could be rolled back
    return is_servers_fault(error) and not is_healed_by_savepoint(error)
