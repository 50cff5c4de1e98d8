"""What a worker process measures and shares with the dispatcher: run times, and how far lanes have come."""

import threading
from collections.abc import Iterable
from datetime import datetime

from tasks_core.database import fetch
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.engine.batching import SMOOTHING
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.recover import advance_lane

UPSERT = """
INSERT INTO tasks_core_tasktypestatistics (task_type, mean_runtime, measured_at)
SELECT * FROM unnest(%(task_types)s::text[], %(means)s::float8[], %(ats)s::timestamptz[])
ON CONFLICT (task_type) DO UPDATE SET
    mean_runtime = tasks_core_tasktypestatistics.mean_runtime
        + %(weight)s * (EXCLUDED.mean_runtime - tasks_core_tasktypestatistics.mean_runtime),
    measured_at = EXCLUDED.measured_at
RETURNING task_type
"""


class Measurements:
    """Collected in memory, written by ``share`` now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, tuple[int, float]] = {}
        self._lanes: dict[tuple[str, int], datetime] = {}
        self._is_new = False
        self._shared: set[str] = set()
        self._has_first = False

    @property
    def has_first(self) -> bool:
        """Whether a type has run whose run time this process has not shared yet."""
        return self._has_first

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to share."""
        return not self._is_new

    def ran(self, task_type: str, seconds: float) -> None:
        """Note the run time of one handler."""
        with self._lock:
            count, total = self._runs.get(task_type, (0, 0.0))
            self._runs[task_type] = (count + 1, total + seconds)
            self._is_new = True
            if task_type not in self._shared:
                self._has_first = True

    def claimed(self, tasks: Iterable[ClaimedTask]) -> None:
        """Note how far the lanes of ``tasks`` have come."""
        with self._lock:
            for task in tasks:
                lane = (task.queue_name, task.priority)
                known = self._lanes.get(lane)
                self._lanes[lane] = task.queued_at if known is None else max(known, task.queued_at)
                self._is_new = True

    def share(self, *, now: datetime) -> None:
        """Write what was measured since the last call."""
        with self._lock:
            runs, self._runs = self._runs, {}
            lanes, self._lanes = self._lanes, {}
            self._is_new = self._has_first = False
            self._shared |= runs.keys()
        with bounded_locks():
            _write(runs, lanes, now)


def _write(
    runs: dict[str, tuple[int, float]], lanes: dict[tuple[str, int], datetime], now: datetime
) -> None:
    if runs:
        parameters = {
            "task_types": sorted(runs),
            "means": [runs[kind][1] / runs[kind][0] for kind in sorted(runs)],
            "ats": [now] * len(runs),
            "weight": SMOOTHING,
        }
        fetch(UPSERT, parameters)
    for (queue_name, priority), claimed_until in sorted(lanes.items()):
        advance_lane(queue_name, priority, claimed_until=claimed_until)
