"""Lanes: one broker queue per queue name and priority.

A queue of its own for each priority works the same on every broker, and tells how much of which priority
is waiting. Workers are still started with plain queue names; ``expand`` turns them into lanes.
"""

import re
from collections.abc import Iterable

from kombu.utils.scheduling import round_robin_cycle

from tasks_core.priority import Priority

QUEUE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SUFFIX = {priority: priority.name.lower() for priority in Priority}
CANARY_SUFFIX = ".canary"
"""Ends the name of the queue in which a worker's own probe message waits."""

_RANK = {suffix: int(priority) for priority, suffix in SUFFIX.items()}


def lane_name(queue_name: str, priority: int) -> str:
    """Return the broker queue of a lane, such as ``default.high``."""
    return f"{queue_name}.{SUFFIX[Priority(priority)]}"


def expand(queues: Iterable[str]) -> list[str]:
    """Replace each plain queue name by its four lanes; leave lanes as they are."""
    lanes: list[str] = []
    for name in queues:
        is_lane = name.rpartition(".")[2] in _RANK and "." in name
        names = [name] if is_lane else [lane_name(name, p) for p in Priority]
        lanes.extend(lane for lane in names if lane not in lanes)
    return lanes


class LaneOrder(round_robin_cycle):
    """Order in which a worker asks Redis: by priority first, fair among the queues of one priority."""

    def update(self, it: Iterable[str]) -> None:
        """Take over the queues that are consumed, keeping the turns of those already known."""
        wanted = set(it)
        kept = [queue for queue in self.items if queue in wanted]
        self.items[:] = kept + sorted(wanted.difference(kept))

    def consume(self, n: int) -> list[str]:
        """Return the queues in the order in which to look at them."""
        return sorted(self.items[:n], key=_rank)  # stable: turns are kept within a priority


def _rank(queue: str) -> int:
    if queue.endswith(CANARY_SUFFIX):
        return (
            -1
        )  # however much else there is to do: it comes once in five seconds, and proves much
    return _RANK.get(queue.rpartition(".")[2], int(Priority.NORMAL))
