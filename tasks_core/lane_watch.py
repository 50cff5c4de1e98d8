"""See which lanes have waiting tasks, at a cost that does not grow with the tasks taken before.

An index keeps what was taken as long as anybody's old transaction might want to see it, and the first waiting
task of a lane stands behind all that. So once a look at the whole index has become costly, the looks that
follow begin where each lane began last time. What was put in front of that meanwhile, because it is due since
long ago, is found by the next look at everything: those are made as often as they stay a small share of the
time, and always while they are cheap.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime, timedelta

from tasks_core.priorities import Priority
from tasks_core.registry import queue_names
from tasks_core.statements.dispatch import (
    Position,
    WaitingLane,
    waiting_lanes,
    waiting_lanes_since,
)

CHEAP_SECONDS = 0.003
"""While one of the last few looks at everything took no longer than this, each look is one."""

LAST_LOOKS = 5
"""How many those are: on a busy machine a single look takes long for reasons of its own."""

PAUSE = 50
"""Otherwise the next one comes after so many times what it took: a fiftieth of the time goes into them."""

SLACK = timedelta(seconds=1)
"""How late a task may become visible, after the instant at which it is due, and be found at once."""


class LaneWatch:
    """Remembers between two looks where the waiting tasks of each lane begin."""

    def __init__(self) -> None:
        self._sinces: dict[tuple[str, int], Position] = {}
        self._took: deque[float] = deque(maxlen=LAST_LOOKS)
        self._looked_at = float("-inf")

    def look(self, now: datetime) -> list[WaitingLane]:
        """Return the lanes with waiting tasks, the most urgent first."""
        if self._may_look_at_everything():
            lanes = self._look_at_everything()
        else:
            lanes = waiting_lanes_since(self._sinces)
        self._remember(lanes, now)
        return lanes

    def forget(self) -> None:
        """Look at everything next time: tasks were put back where they had been."""
        self._looked_at = float("-inf")

    def _may_look_at_everything(self) -> bool:
        if len(self._took) < LAST_LOOKS:
            return True
        cost = min(self._took)
        return cost <= CHEAP_SECONDS or time.monotonic() - self._looked_at >= PAUSE * cost

    def _look_at_everything(self) -> list[WaitingLane]:
        began = time.monotonic()
        lanes = waiting_lanes()
        self._looked_at = time.monotonic()
        self._took.append(self._looked_at - began)
        return lanes

    def _remember(self, lanes: list[WaitingLane], now: datetime) -> None:
        """Note where each lane begins: a moment ago, if nothing or only something younger is in it."""
        lately = now - SLACK, 0
        empty = {(queue, int(priority)): lately for queue in queue_names() for priority in Priority}
        firsts = {
            (lane.queue_name, lane.priority): min(lately, (lane.first_run_after, lane.first_id))
            for lane in lanes
        }
        self._sinces = {**dict.fromkeys(self._sinces, lately), **empty, **firsts}
