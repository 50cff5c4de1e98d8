"""What happened to each type of task lately, from the rollups of the minutes."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks_core.database import fetch
from tasks_core.engine.states import EventKind
from tasks_core.metrics.buckets import MILLISECONDS, quantile

MEASURES = (
    EventKind.STARTED,
    EventKind.COMPLETED,
    EventKind.FAILED,
    EventKind.DEAD_LETTERED,
)

SUMS = """
SELECT task_type, measure, bucket, sum(count)::bigint FROM tasks_core_metricrollup
WHERE minute >= %(since)s AND measure = ANY(%(measures)s)
GROUP BY 1, 2, 3
"""

POINTS = """
SELECT task_type, floor(extract(epoch FROM minute - %(since)s) / %(step)s)::int, sum(count)::bigint
FROM tasks_core_metricrollup
WHERE minute >= %(since)s AND measure = 'completed' AND task_type = ANY(%(task_types)s)
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Activity:
    """One type's share.

    Attributes:
        failed: attempts, of which some were tried again.
        wait, duration: milliseconds that 95 of 100 attempts did not exceed, as nearly as the buckets tell;
            None without any.
        points: how many succeeded in each stretch of time, the oldest first.
    """

    task_type: str
    started: int
    completed: int
    failed: int
    dead: int
    wait: float | None
    duration: float | None
    points: list[int]


def recent_activity(
    *, since: datetime, span: timedelta, points: int, limit: int
) -> tuple[list[Activity], int]:
    """Return the ``limit`` busiest types since then, and how many others there are; in two queries."""
    sums: defaultdict[str, defaultdict[str, Counter[int]]]
    sums = defaultdict(lambda: defaultdict(Counter))
    for task_type, measure, bucket, count in fetch(
        SUMS, {"since": since, "measures": list(MEASURES)}
    ):
        sums[task_type][measure][bucket] += count
    busiest = sorted(sums, key=lambda name: (-sums[name]["started"].total(), name))
    shown = busiest[:limit]
    lines = _points(shown, since=since, span=span, points=points)
    found = [_activity(name, sums[name], lines[name]) for name in shown]
    return found, len(busiest) - len(shown)


def _points(
    task_types: list[str], *, since: datetime, span: timedelta, points: int
) -> dict[str, list[int]]:
    lines = {name: [0] * points for name in task_types}
    step = span.total_seconds() / points
    parameters = {"since": since, "step": step, "task_types": task_types}
    for name, point, count in fetch(POINTS, parameters):
        lines[name][min(point, points - 1)] += count
    return lines


def _activity(task_type: str, sums: defaultdict[str, Counter[int]], points: list[int]) -> Activity:
    return Activity(
        task_type=task_type,
        started=sums["started"].total(),
        completed=sums["completed"].total(),
        failed=sums["failed"].total(),
        dead=sums["dead_lettered"].total(),
        wait=quantile(0.95, sums["started"], MILLISECONDS),
        duration=quantile(0.95, sums["completed"] + sums["failed"], MILLISECONDS),
        points=points,
    )
