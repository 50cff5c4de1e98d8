"""See which lanes have waiting tasks, at a cost that does not grow with the tasks taken before.

The first waiting task of a lane stands behind all that were taken and are in the index still. So once a look
at the whole index has become costly, the looks that follow begin where each lane began last time. What was
put in front of that meanwhile, because it is due since long ago, is found by the next look at everything.
"""

from datetime import datetime, timedelta

from tasks_core.database.full_looks import FullLooks
from tasks_core.events.queues import queue_names
from tasks_core.priority import Priority
from tasks_core.sql.dispatch import Position, WaitingLane, waiting_lanes, waiting_lanes_since

SLACK = timedelta(seconds=1)
"""How late a task may become visible, after the instant at which it is due, and be found at once."""


class LaneWatch:
    """Remembers between two looks where the waiting tasks of each lane begin."""

    def __init__(self) -> None:
        self._sinces: dict[tuple[str, int], Position] = {}
        self._looks = FullLooks()

    def look(self, now: datetime) -> list[WaitingLane]:
        """Return the lanes with waiting tasks, the most urgent first."""
        if self._looks.is_due:
            if not self._sinces:
                self._remember([], now)  # should this look be cut, the next ones begin here
            with self._looks.timed():
                lanes = waiting_lanes()
        else:
            lanes = waiting_lanes_since(self._sinces)
        self._remember(lanes, now)
        return lanes

    def forget(self) -> None:
        """Look at everything next time: tasks were put back where they had been."""
        self._looks.forget()

    def _remember(self, lanes: list[WaitingLane], now: datetime) -> None:
        """Note where each lane begins: a moment ago, if nothing or only something younger is in it."""
        lately = now - SLACK, 0
        empty = {(queue, int(priority)): lately for queue in queue_names() for priority in Priority}
        firsts = {
            (lane.queue_name, lane.priority): min(lately, (lane.first_run_after, lane.first_id))
            for lane in lanes
        }
        self._sinces = {**dict.fromkeys(self._sinces, lately), **empty, **firsts}
