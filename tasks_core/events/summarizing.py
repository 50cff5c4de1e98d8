"""Put events into the summaries of their tasks, by one statement."""

import json
from datetime import datetime
from typing import Any

from tasks_core.database import fetch
from tasks_core.engine.derivation import TARGETS
from tasks_core.engine.states import FINAL

# What `tasks_core.engine.derivation` derives from single events, said once more for the database; tests hold
# the two together. Nothing rests on the order in which days are summarized: each fact is a sum, an extreme,
# or belongs to the largest id.
_SUMMARIZE = """
WITH event AS ({events}), kind AS (
    SELECT task_id, kind, min(task_type) AS task_type, count(*) AS count,
        min(at) AS first_at, max(at) AS last_at, max(id) AS last_id, max(attempt) AS attempt,
        count(*) FILTER (WHERE kind IN ('snoozed', 'yielded')
            OR kind = 'lost' AND data ->> 'what' IS DISTINCT FROM 'message'
            OR kind = 'released' AND data ->> 'returned' = 'true') AS returned,
        max(at) FILTER (WHERE kind = 'started' AND attempt = 1) AS started_at,
        (array_agg(data ->> 'error' ORDER BY id DESC) FILTER (WHERE kind = 'failed'))[1] AS error
    FROM event GROUP BY task_id, kind
), task AS (
    SELECT task_id, min(task_type) AS task_type, min(first_at) AS first_at, max(last_at) AS last_at,
        (array_agg(kind ORDER BY last_id DESC) FILTER (WHERE %(targets)s::jsonb ? kind))[1] AS decisive,
        COALESCE(max(last_id) FILTER (WHERE %(targets)s::jsonb ? kind), 0) AS state_event_id,
        max(attempt) AS attempts, sum(returned) AS attempts_returned, max(started_at) AS started_at,
        max(last_at) FILTER (WHERE kind = ANY(%(final)s)) AS finished_at,
        jsonb_object_agg(kind, count) AS counts,
        COALESCE(max(error), '') AS error, max(last_at) FILTER (WHERE kind = 'failed') AS failed_at
    FROM kind GROUP BY task_id
), summary AS (
    INSERT INTO tasks_core_taskhistory AS old (
        task_id, task_type, first_at, last_at, state, state_event_id, attempts, attempts_returned,
        started_at, finished_at, counts, error, failed_at
    )
    SELECT task_id, task_type, first_at, last_at, %(targets)s::jsonb ->> decisive, state_event_id,
        attempts, attempts_returned, started_at, finished_at, counts, error, failed_at
    FROM task ORDER BY task_id
    ON CONFLICT (task_id) DO UPDATE SET
        first_at = LEAST(old.first_at, EXCLUDED.first_at),
        last_at = GREATEST(old.last_at, EXCLUDED.last_at),
        state = CASE WHEN EXCLUDED.state_event_id > old.state_event_id
            THEN EXCLUDED.state ELSE old.state END,
        state_event_id = GREATEST(old.state_event_id, EXCLUDED.state_event_id),
        attempts = GREATEST(old.attempts, EXCLUDED.attempts),
        attempts_returned = old.attempts_returned + EXCLUDED.attempts_returned,
        started_at = COALESCE(old.started_at, EXCLUDED.started_at),
        finished_at = COALESCE(EXCLUDED.finished_at, old.finished_at),
        counts = (
            SELECT jsonb_object_agg(kind, count) FROM (
                SELECT kind, sum(count::bigint) AS count FROM (
                    SELECT * FROM jsonb_each_text(old.counts)
                    UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.counts)
                ) AS both_counts (kind, count) GROUP BY kind
            ) AS sums
        ),
        error = CASE WHEN EXCLUDED.failed_at >= COALESCE(old.failed_at, '-infinity')
            THEN EXCLUDED.error ELSE old.error END,
        failed_at = GREATEST(old.failed_at, EXCLUDED.failed_at)
    RETURNING task_id
)
SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM summary)
"""

_STORED = """
    SELECT * FROM {partition}
    WHERE task_id > %(after)s AND task_id <= %(until)s AND transaction_id < %(boundary)s::text::xid8
"""

# The table has no single column that identifies a row; in one statement, `ctid` does.
_TAKEN = """
    DELETE FROM {partition} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM {partition} WHERE at < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )) RETURNING *
"""

_PARAMETERS = {
    "targets": json.dumps(TARGETS),
    "final": [kind for kind, state in TARGETS.items() if state in FINAL],
}


def summarize_stored(partition: str, *, after: int, until: int, boundary: int) -> int:
    """Add the events of the tasks between to their summaries; return how many events there were.

    The events stay, so this must not happen twice: note it in the same transaction.
    """
    parameters = {"after": after, "until": until, "boundary": str(boundary)}
    return _summarize(_STORED.format(partition=partition), parameters)


def summarize_and_delete(partition: str, *, before: datetime, limit: int) -> int:
    """Add at most ``limit`` events older than ``before`` to their summaries and delete them."""
    return _summarize(_TAKEN.format(partition=partition), {"before": before, "limit": limit})


def _summarize(events: str, parameters: dict[str, Any]) -> int:
    sql = _SUMMARIZE.format(events=events)
    return int(fetch(sql, {**_PARAMETERS, **parameters})[0][0])
