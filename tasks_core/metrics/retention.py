"""Remove old rollups; totals stay."""

from collections.abc import Sequence
from datetime import timedelta

from tasks_core import clock, conf
from tasks_core.database import fetch
from tasks_core.database.removal import REMEDY, remove_some
from tasks_core.database.row_backoff import RETENTION_PAUSE, RowBackoff

LIMIT = 10_000

# Rows of a minute that is over stay where they are, so their place does for a key.
OLD = """
SELECT ctid::text FROM tasks_core_metricrollup
WHERE minute < %(before)s AND ctid <> ALL(%(apart_from)s::tid[])
ORDER BY minute LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

DELETE = """
WITH gone AS (
    DELETE FROM tasks_core_metricrollup WHERE ctid = ANY(%(places)s::tid[]) RETURNING 1
)
SELECT count(*) FROM gone
"""

_failing = RowBackoff(
    "the rollup at {} of its table cannot be removed by age", REMEDY, longest=RETENTION_PAUSE
)


def prune_rollups(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` rollups older than METRICS_RETENTION_DAYS; return how many."""
    before = clock.now() - timedelta(days=conf.current().metrics_retention_days)
    return remove_some(OLD, _delete, _failing, {"before": before}, limit)


def _delete(places: Sequence[str]) -> int:
    removed: int = fetch(DELETE, {"places": list(places)})[0][0]
    return removed
