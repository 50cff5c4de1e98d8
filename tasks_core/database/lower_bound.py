"""Know where the rows of an index begin, behind all that have left it, if new ones do not lie in the past."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tasks_core.database.full_looks import FullLooks

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

SLACK = timedelta(seconds=10)
"""So late a row may become visible after the instant that it has in the index, and be found at once.

What comes later still, from a process that was frozen between reading the clock and writing or a transaction
that was open for long, is found by the next look at everything.
"""


class LowerBound:
    """Remembers between two looks the first instant that a row has; ``since`` lies before all of them.

    Args:
        find: gives the first instant from the given one on, None if there is no row.
        is_patient: see ``FullLooks``; False where a handler waits for the answer.
    """

    def __init__(
        self, find: Callable[[datetime], datetime | None], *, is_patient: bool = True
    ) -> None:
        self._find = find
        self._looks = FullLooks(is_patient=is_patient)
        self._looked_at = BEGINNING
        self.since = BEGINNING

    def first(self, now: datetime) -> datetime | None:
        """Return the first instant that a row has, None if there is no row."""
        if now < self._looked_at:
            self._looks.forget()  # the clock was set back
        if self._looks.is_due:
            if self.since == BEGINNING:
                self.since = now - SLACK  # should this look be cut, the next ones begin here
            with self._looks.timed():
                first = self._find(BEGINNING)
        else:
            first = self._find(self.since)
        self._looked_at = now
        self.since = min(now - SLACK, first or now)
        return first
