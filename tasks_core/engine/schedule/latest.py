"""The last ticks before an instant, of recurrences that only know how to go forward."""

from collections import deque
from datetime import datetime, timedelta

from tasks_core.engine.schedule.tick import Recurrence, Tick

FIRST_WINDOW = timedelta(minutes=1)
WIDER = 4


def latest_ticks(
    recurrence: Recurrence, *, after: datetime, until: datetime, count: int
) -> list[Tick]:
    """Return the last ``count`` ticks later than ``after``, up to and including ``until``, in order.

    Looks back only as far as that takes, and holds no more than ``count`` ticks.
    """
    window = FIRST_WINDOW
    while True:
        start = until - window if until - after > window else after
        found = deque(recurrence.ticks(start, until), maxlen=count)
        if len(found) == count or start == after:
            return list(found)
        window *= WIDER
