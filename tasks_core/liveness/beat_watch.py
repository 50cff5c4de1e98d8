"""What a beat knows of its own work."""

import time
from collections.abc import Iterable
from datetime import datetime

from tasks_core import clock
from tasks_core.database.answer_limit import LONG_ANSWER_SECONDS, limit_of
from tasks_core.database.row_backoff import failing_rows
from tasks_core.duties.duty import Duty

LONGEST_WORK = 300.0
"""Seconds after which a duty that has not come back counts as stuck, unless it waits for one answer that may
take longer than that, as while events of a restored database are numbered anew."""

LONGEST_TICK = 60.0
"""Seconds without a tick of Celery's own loop, which looks after the duties each second."""

MOST_SAID = 500


class BeatWatch:
    """Knows when the loop last turned, and how long each duty has been at it."""

    def __init__(self) -> None:
        self._duties: list[Duty] = []
        self._ticked_at = time.monotonic()
        self._stuck_since: datetime | None = None

    def ticked(self, duties: Iterable[Duty]) -> None:
        """Note that the loop turns, and which threads have the duties now."""
        self._duties = list(duties)
        self._ticked_at = time.monotonic()

    def columns(self) -> dict[str, datetime | str | None]:
        """Return what the row of this beat says: since when something stands still, and which rows fail."""
        self._stuck_since = (self._stuck_since or clock.now()) if self.problem() else None
        return {"stuck_since": self._stuck_since, "failing_rows": failing_rows()[:MOST_SAID]}

    def problem(self) -> str:
        """Return what stands still; empty if nothing does."""
        silence = time.monotonic() - self._ticked_at
        if silence > LONGEST_TICK:
            return f"its main loop has not turned for {silence:.0f} s"
        stuck = [duty.name for duty in self._duties if _is_stuck(duty)]
        return f"stuck for more than {LONGEST_WORK:.0f} s: {', '.join(stuck)}" if stuck else ""


def _is_stuck(duty: Duty) -> bool:
    allowed = limit_of(duty.ident)
    return duty.working_for() > (allowed if allowed > LONG_ANSWER_SECONDS else LONGEST_WORK)
