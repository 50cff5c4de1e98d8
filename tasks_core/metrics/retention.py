"""Remove old rollups; totals stay."""

from __future__ import annotations

from datetime import timedelta

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.database import fetch

LIMIT = 10_000

PRUNE = """
WITH gone AS (
    DELETE FROM tasks_core_metricrollup WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM tasks_core_metricrollup WHERE minute < %(before)s
        ORDER BY minute LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT count(*) FROM gone
"""


def prune_rollups(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` rollups older than METRICS_RETENTION_DAYS; return how many."""
    before = clock.now() - timedelta(days=setting("METRICS_RETENTION_DAYS"))
    removed: int = fetch(PRUNE, {"before": before, "limit": limit})[0][0]
    return removed
