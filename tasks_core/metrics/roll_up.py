"""Count the events of one stretch of a window, in the database, into rollups and totals."""

from dataclasses import dataclass
from datetime import datetime

from tasks_core.database import fetch
from tasks_core.engine.states import EventKind
from tasks_core.events.window import Window
from tasks_core.metrics.buckets import MILLISECONDS, bucket_of, mirrored
from tasks_core.metrics.buckets import RETRIES as RETRY_BOUNDS

RETRIES = "retries"
"""The measure of the attempts after the first that tasks needed to their end."""

UNTIMED = -1
"""The bucket of what has no value."""

TIMED = (EventKind.SCHEDULED, EventKind.STARTED, EventKind.COMPLETED, EventKind.FAILED)
"""Kinds of events whose duration goes into a histogram."""

FINAL = (
    EventKind.COMPLETED,
    EventKind.DEAD_LETTERED,
    EventKind.CANCELLED,
    EventKind.EXPIRED,
)
"""Kinds of events of which each task gets one, its last transition."""

_BUCKET = bucket_of("1000 * duration", "%(bounds)s::float8[]")
_RETRY_BUCKET = bucket_of("retries", "%(retry_bounds)s::float8[]")

# Rows are written in the order of their keys, so that two who count at once cannot block each other for good.
ROLL_UP = f"""
WITH page AS MATERIALIZED (
    SELECT date_bin('1 minute', at, 'epoch') AS minute, task_type, kind,
        CASE WHEN duration IS NOT NULL AND kind = ANY(%(timed)s::text[])
            THEN {_BUCKET} ELSE {UNTIMED} END AS bucket,
        CASE WHEN kind = ANY(%(final)s::text[]) THEN GREATEST(attempt - 1, 0) END AS retries,
        count(*) AS count,
        COALESCE(sum(1000 * duration) FILTER (WHERE kind = ANY(%(timed)s::text[])), 0) AS amount,
        max(at) AS last_at
    {{source}}
    GROUP BY 1, 2, 3, 4, 5
), part AS MATERIALIZED (
    SELECT minute, task_type, kind AS measure, bucket, sum(count) AS count, sum(amount) AS amount
    FROM page GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT minute, task_type, '{RETRIES}', {_RETRY_BUCKET}, sum(count), sum(count * retries)
    FROM page WHERE retries IS NOT NULL GROUP BY 1, 2, 4
), rollup AS (
    INSERT INTO tasks_core_metricrollup AS known (minute, task_type, measure, bucket, count, amount)
    SELECT minute, task_type, measure, bucket, count, amount FROM part
    ORDER BY minute, task_type, measure, bucket
    ON CONFLICT (minute, task_type, measure, bucket) DO UPDATE SET
        count = known.count + EXCLUDED.count, amount = known.amount + EXCLUDED.amount
), total AS (
    INSERT INTO tasks_core_metrictotal AS known (task_type, measure, bucket, count, amount)
    SELECT task_type, measure, bucket, sum(count), sum(amount) FROM part
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (task_type, measure, bucket) DO UPDATE SET
        count = known.count + EXCLUDED.count, amount = known.amount + EXCLUDED.amount
)
SELECT COALESCE(sum(count), 0)::bigint, max(last_at) FROM page
"""  # noqa: S608 its parts stand in this file and in those it names


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What one statement has counted: ``upper`` is the id up to which that is all."""

    count: int
    last_at: datetime | None
    upper: int


def roll_up(window: Window) -> RolledUp:
    """Count the next events of ``window``; the caller moves the cursor in the same transaction."""
    source, upper = window.step()
    parameters = {
        **window.parameters(upper=upper),
        "timed": list(TIMED),
        "final": list(FINAL),
        "bounds": mirrored(MILLISECONDS),
        "retry_bounds": mirrored(RETRY_BOUNDS),
    }
    count, last_at = fetch(ROLL_UP.format(source=source), parameters)[0]
    return RolledUp(count, last_at, upper)
