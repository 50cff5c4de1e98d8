"""Insert tasks and their first event."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks_core.database import fetch, fetch_often

SQL = """
WITH task AS (
    INSERT INTO tasks_core_task (
        id, task_type, queue_name, priority, state, payload, run_after, expires_at, enqueued_at, queued_at,
        attempts, attempts_returned, isolated, worker, error,
        retry_policy_id, retry, idempotency_key, unique_key, unique_until,
        correlation_id, tags, replay_of_id, traceparent
    )
    SELECT
        COALESCE((row.value ->> 3)::bigint, nextval('tasks_core_task_id_seq')),
        %(task_type)s, %(queue_name)s, %(priority)s,
        CASE WHEN %(queued_at)s::timestamptz IS NULL THEN 'SCHEDULED' ELSE 'QUEUED' END, row.value -> 0,
        %(run_after)s, %(expires_at)s, %(now)s, %(queued_at)s,
        0, 0, false, '', '',
        %(retry_policy_id)s, %(retry)s::jsonb, row.value ->> 1, row.value ->> 2, %(unique_until)s,
        COALESCE(row.value ->> 4, %(correlation_id)s), %(tags)s::varchar[], %(replay_of_id)s,
        %(traceparent)s
    FROM jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS row (value, position)
    ORDER BY row.position
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING
    RETURNING id, unique_key
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, %(task_type)s, kind, 0, %(now)s FROM task
    CROSS JOIN (VALUES ('scheduled'), ('queued')) AS step (kind)
    WHERE kind = 'scheduled' OR %(queued_at)s::timestamptz IS NOT NULL
)
SELECT id, unique_key FROM task ORDER BY id
"""

RESERVE = """
SELECT nextval('tasks_core_task_id_seq') FROM generate_series(1, %(count)s::int) ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class NewTasks:
    """Tasks of one type that differ in payload and key only.

    With ``queued_at`` they are QUEUED at once, and the caller publishes them on commit. ``ids`` are those
    that ``reserve_ids`` gave; without them each takes the next. ``correlation_ids`` is for tasks that
    have none in common.
    """

    task_type: str
    queue_name: str
    priority: int
    run_after: datetime
    expires_at: datetime | None
    payloads: Sequence[str]
    idempotency_keys: Sequence[str | None]
    unique_keys: Sequence[str | None]
    unique_until: str | None = None
    retry_policy_id: int | None = None
    retry: str | None = None
    correlation_id: str = ""
    tags: list[str] = field(default_factory=list)
    replay_of_id: int | None = None
    queued_at: datetime | None = None
    ids: Sequence[int] | None = None
    traceparent: str | None = None
    correlation_ids: Sequence[str | None] | None = None


_OF_EACH = {"payloads", "idempotency_keys", "unique_keys", "ids", "correlation_ids"}
"""What goes into the rows: a thousand payloads are not written out once more for nothing."""


def insert(tasks: NewTasks, *, now: datetime) -> list[int | None]:
    """Insert ``tasks`` and return their ids in order; None where the key is taken."""
    in_common = {name: value for name, value in vars(tasks).items() if name not in _OF_EACH}
    rows = fetch_often(SQL, {**in_common, "rows": _rows(tasks), "now": now})
    by_key = {key: task_id for task_id, key in rows if key is not None}
    without_key = (task_id for task_id, key in rows if key is None)
    return [
        next(without_key) if key is None else by_key.pop(key, None) for key in tasks.unique_keys
    ]


def reserve_ids(count: int) -> list[int]:
    """Take ``count`` ids, in rising order, for tasks that are not inserted in the order of their ids."""
    return [row[0] for row in fetch(RESERVE, {"count": count})]


def _rows(tasks: NewTasks) -> str:
    """Return what is each task's own as JSON; the payloads are JSON already."""
    rows = zip(
        tasks.payloads,
        tasks.idempotency_keys,
        tasks.unique_keys,
        tasks.ids or itertools.repeat(None),
        tasks.correlation_ids or itertools.repeat(None),
        strict=False,
    )
    return f"[{','.join(_row(payload, own) for payload, *own in rows)}]"


def _row(payload: str, own: list[Any]) -> str:
    while own and own[-1] is None:
        own.pop()
    return f"[{payload},{json.dumps(own)[1:]}" if own else f"[{payload}]"
