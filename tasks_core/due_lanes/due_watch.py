"""See again and again which lanes have tasks that have not begun, and since when the first of each is due.

Those that the dispatcher has handed to the broker are among them: they are as late as the others, and with no
worker alive all that is due is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks_core.database.lower_bound import LowerBound
from tasks_core.due_lanes.lane_watch import LaneWatch
from tasks_core.sql.dispatch import WaitingLane
from tasks_core.sql.queued import HandedOver, handed_over
from tasks_core.sql.recover import first_queued


@dataclass(frozen=True, slots=True)
class DueLane:
    """A lane with tasks that have not begun, and when the first of them is or was due."""

    queue_name: str
    priority: int
    first_run_after: datetime


class DueWatch:
    """Remembers between two looks where the indexes begin."""

    def __init__(self) -> None:
        self._waiting = LaneWatch()
        self._queued = LowerBound(first_queued)

    def look(self, now: datetime) -> list[DueLane]:
        """Return the lanes, the most urgent first."""
        waiting = self._waiting.look(now)
        has_queued = self._queued.first(now) is not None
        return merged(waiting, handed_over(now, since=self._queued.since) if has_queued else ())


def merged(waiting: Iterable[WaitingLane], queued: Iterable[HandedOver]) -> list[DueLane]:
    """Return each lane once, with the earlier of its two instants."""
    firsts: dict[tuple[int, str], datetime] = {}
    lanes: list[WaitingLane | HandedOver] = [*waiting, *queued]
    for lane in lanes:
        key = lane.priority, lane.queue_name
        firsts[key] = min(firsts.get(key, lane.first_run_after), lane.first_run_after)
    return [DueLane(queue, priority, at) for (priority, queue), at in sorted(firsts.items())]
