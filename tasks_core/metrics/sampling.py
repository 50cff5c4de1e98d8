"""Count what only counting can tell, seldom enough to cost next to nothing."""

import json
import logging
import time
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction
from psycopg.errors import QueryCanceled

from tasks_core import clock, database
from tasks_core.database import fetch

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = 15.0
SHARE = 20
"""A pause is at least so many times as long as the counting before it: a twentieth of a core at most."""

QUIET = 2
"""While nothing changes, pauses are so many times as long."""

MOST_SECONDS = 60.0
"""Counting that takes longer is given up: it would keep the database from removing dead rows."""

_LOCK = """
SELECT pg_try_advisory_xact_lock(hashtext('tasks_core_metricsample')),
    set_config('statement_timeout', %(milliseconds)s, true)
"""

# Each part is read from one partial index.
_COUNT = """
SELECT CASE WHEN run_after <= %(now)s THEN 'due' ELSE 'pending' END, queue_name, priority::int, count(*)
FROM tasks_core_task WHERE state IN ('SCHEDULED', 'RETRYING') GROUP BY 1, 2, 3
UNION ALL
SELECT 'queued', queue_name, priority, count(*) FROM tasks_core_task WHERE state = 'QUEUED'
GROUP BY queue_name, priority
UNION ALL
SELECT 'running', queue_name, priority, count(*) FROM tasks_core_task WHERE state = 'RUNNING'
GROUP BY queue_name, priority
UNION ALL
SELECT 'dead_letters', task_type, -1, count(*) FROM tasks_core_deadletter WHERE resolution = ''
GROUP BY task_type
ORDER BY 1, 2, 3
"""

_STORE = """
WITH sample AS (
    SELECT * FROM json_to_recordset(%(rows)s) AS s (
        measure text, label text, priority smallint, value bigint
    )
), gone AS (
    DELETE FROM tasks_core_metricsample known WHERE NOT EXISTS (
        SELECT FROM sample WHERE sample.measure = known.measure
          AND sample.label = known.label AND sample.priority = known.priority
    )
)
INSERT INTO tasks_core_metricsample AS known (measure, label, priority, value, sampled_at)
SELECT measure, label, priority, value, %(now)s FROM sample
ON CONFLICT (measure, label, priority) DO UPDATE SET
    value = EXCLUDED.value, sampled_at = EXCLUDED.sampled_at
RETURNING id
"""

Count = tuple[str, str, int, int]


class Sampler:
    """Takes samples with pauses that fit their cost; a second one at the same time does nothing."""

    def __init__(self) -> None:
        self._last: list[Count] = []

    def sample(self) -> float:
        """Take one, and return the seconds until the next is worth its cost."""
        began = time.monotonic()
        try:
            counts = _take(clock.now(), began)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            counts = None
            logger.warning(
                "the tasks could not be counted in %g s; the metrics keep the last numbers",
                MOST_SECONDS,
            )
        pause = max(SHORTEST_PAUSE, SHARE * (time.monotonic() - began))
        if counts is None:
            return pause
        is_quiet, self._last = counts == self._last, counts
        return pause * QUIET if is_quiet else pause


def _take(now: datetime, began: float) -> list[Count] | None:
    """Count and store; None if somebody else is doing it."""
    with transaction.atomic(using=database.alias()):
        milliseconds = f"{MOST_SECONDS * 1000:.0f}"
        if not fetch(_LOCK, {"milliseconds": milliseconds})[0][0]:
            return None
        counts: list[Any] = fetch(_COUNT, {"now": now})
        took = ("sampling", "", -1, round(1000 * (time.monotonic() - began)))
        fetch(_STORE, {"rows": _rows([*counts, took]), "now": now})
    return counts


def _rows(counts: list[Count]) -> str:
    names = ("measure", "label", "priority", "value")
    return json.dumps([dict(zip(names, count, strict=True)) for count in counts])
