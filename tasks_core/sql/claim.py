"""Take ownership of queued tasks."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks_core.database import fetch_often
from tasks_core.engine.json_text import UnreadText, stored_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(column: str) -> str:
    """Return SQL for an instant as a number; infinity is one that no calendar has."""
    return (
        f"CASE WHEN isfinite({column}) THEN (extract(epoch FROM {column}) * 1000000)::bigint "
        f"WHEN {column} IS NOT NULL THEN {BEYOND} END"
    )


BEYOND = 9_223_372_036_854_775_807


COLUMNS = f"""
id, attempts, attempts_returned, payload, queue_name, priority,
    {_microseconds("run_after")}, {_microseconds("expires_at")},
    {_microseconds("queued_at")}, {_microseconds("started_at")},
    retry_policy_id, retry, idempotency_key, correlation_id, checkpoint,
    {_microseconds("scheduled_for")}, traceparent, isolated
"""

# The ids stand in a query of their own, so that PostgreSQL expects as many of them for this call as for any.
# Else the plan for one task always looks cheaper than one for all calls, and each call is planned anew: more
# than half of its time.
SQL = f"""
WITH task AS (
    UPDATE tasks_core_task SET
        state = 'RUNNING',
        attempts = attempts + 1,
        claimed_with = %(claimed_with)s,
        worker = %(worker)s,
        lease_until = %(lease_until)s,
        started_at = COALESCE(started_at, %(now)s),
        last_attempted_at = %(now)s,
        unique_key = CASE WHEN unique_until = 'started' THEN NULL ELSE unique_key END
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY((SELECT %(ids)s::bigint[])::bigint[])
          AND state || '' = 'QUEUED' AND task_type = %(task_type)s
        FOR NO KEY UPDATE SKIP LOCKED
      )) AND state || '' = 'QUEUED' AND task_type = %(task_type)s
      AND (expires_at IS NULL OR expires_at > %(now)s)
    RETURNING *
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, duration)
    SELECT id, task_type, 'started', attempts, %(now)s,
        GREATEST(extract(epoch FROM %(now)s - run_after), 0)
    FROM task
)
SELECT {COLUMNS}
FROM task ORDER BY run_after, id
"""  # noqa: S608 (all of it stands here)

# ``last_attempted_at`` is the instant of the claim until the attempt has ended; with the worker's name it
# tells one claim from all others.
CLAIMED_BEFORE = f"""
WITH task AS (
    UPDATE tasks_core_task SET lease_until = %(lease_until)s
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY(%(ids)s::bigint[]) AND state || '' = 'RUNNING'
          AND worker = %(worker)s AND last_attempted_at = ANY(%(tried_at)s::timestamptz[])
        FOR NO KEY UPDATE SKIP LOCKED
      )) AND state || '' = 'RUNNING'
    RETURNING *
)
SELECT {COLUMNS}
FROM task ORDER BY run_after, id
"""  # noqa: S608 (all of it stands here)


@dataclass(slots=True)
class ClaimedTask:
    """A task that this process owns under (id, attempt) as long as it renews the lease.

    Nobody changes one. It is not frozen because making it would take eight times as long then.
    """

    id: int
    attempt: int
    attempts_returned: int
    payload: Any
    queue_name: str
    priority: int
    run_after: datetime
    expires_at: datetime | None
    queued_at: datetime
    started_at: datetime
    retry_policy_id: int | None
    retry: dict[str, Any] | None
    idempotency_key: str | None
    correlation_id: str
    checkpoint: Any
    scheduled_for: datetime | None = None
    traceparent: str | None = None
    isolated: bool = False

    @property
    def attempts_used(self) -> int:
        """Attempts that count against the policy, this one included."""
        return self.attempt - self.attempts_returned


def claim(
    ids: list[int],
    *,
    task_type: str,
    worker: str,
    lease_until: datetime,
    now: datetime,
    company: int = 0,
) -> list[ClaimedTask]:
    """Claim those of ``ids`` that are QUEUED, of this type and not expired.

    ``company`` is how many other tasks the process has in hand: if it dies, each of them may be to blame.

    The others are not ours: finished, claimed by somebody else, or made up. That is no error: a message
    is a hint. Nor are those that somebody has locked just now.
    """
    parameters = {
        "ids": ids,
        "task_type": task_type,
        "worker": worker,
        "lease_until": lease_until,
        "claimed_with": min(len(ids) + company, 32_767),
        "now": now,
    }
    return _claimed(fetch_often(SQL, parameters))


def claimed_before(
    ids: list[int], *, worker: str, tried_at: list[datetime], lease_until: datetime
) -> list[ClaimedTask]:
    """Return those of ``ids`` that this worker has claimed by a try at ``tried_at`` whose answer was lost."""
    if not tried_at:
        return []
    parameters = {
        "ids": ids,
        "worker": worker,
        "tried_at": tried_at,
        "lease_until": lease_until,
    }
    return _claimed(fetch_often(CLAIMED_BEFORE, parameters))


_PAYLOAD, _RETRY, _CHECKPOINT = _JSON_COLUMNS = (3, 11, 14)
_TIME_COLUMNS = (6, 7, 8, 9, 15)


def _claimed(rows: list[tuple[Any, ...]]) -> list[ClaimedTask]:
    """Make the tasks of one batch; one that Python cannot read is made such that it fails by itself."""
    try:
        return _made(rows)
    except (ValueError, RecursionError, OverflowError):
        return [_alone(row) for row in rows]


def _alone(row: tuple[Any, ...]) -> ClaimedTask:
    """Make one task of which Python cannot read something; the reason stands where its payload was.

    A rule of its own that cannot be read gives way to that of its type.
    """
    fields, problem = list(row), None
    for column in _JSON_COLUMNS:
        found = stored_json(row[column] or "null")
        if isinstance(found, UnreadText):
            fields[column] = None
            if column != _RETRY:
                name = "payload" if column == _PAYLOAD else "checkpoint"
                problem = UnreadText(f"{name} {found}")
    for column in _TIME_COLUMNS:
        try:
            _ = _Times()[row[column] or 0]
        except OverflowError:
            fields[column], problem = 0, UnreadText(_BEYOND)
    [task] = _made([tuple(fields)])
    if problem is not None:
        task.payload = problem
    return task


_BEYOND = "an instant of its row is beyond the calendar; correct it in the database"


def _made(rows: list[tuple[Any, ...]]) -> list[ClaimedTask]:
    """Make tasks.

    Times come as microseconds and JSON as text: parsing those here, all JSON of a batch at once, costs a
    third of what the driver's and Django's converters take value by value. Not as seconds: how many digits
    a fraction has is a setting of the role.
    """
    texts = [row[column] or "null" for row in rows for column in _JSON_COLUMNS]
    values = iter(json.loads(f"[{','.join(texts)}]"))
    times = _Times({None: None})
    tasks = []
    for row in rows:
        fields = list(row)
        for column in _JSON_COLUMNS:
            fields[column] = next(values)
        for column in _TIME_COLUMNS:
            fields[column] = times[fields[column]]
        tasks.append(ClaimedTask(*fields))
    return tasks


class _Times(dict[int | None, datetime | None]):
    """By their microseconds. Most of a batch were queued, and all have begun, at the same instant."""

    def __missing__(self, microseconds: int) -> datetime:
        found = self[microseconds] = EPOCH + timedelta(0, 0, microseconds)
        return found
