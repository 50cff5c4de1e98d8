"""Find what was lost: messages that never arrive, and attempts that nobody owns any more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.database import fetch
from tasks_core.database.lower_bound import BEGINNING
from tasks_core.engine.json_text import stored_json
from tasks_core.sql.calendar import readable

# What has left an index is in it as long as anybody's old transaction might want to see it, and costs each
# look that passes it over: so all of these begin where the first row is known to be.
FIRST_QUEUED = """
SELECT min(queued_at) FROM tasks_core_task WHERE state = 'QUEUED' AND queued_at >= %(since)s
"""

FIRST_LEASE = """
SELECT min(lease_until) FROM tasks_core_task WHERE state = 'RUNNING' AND lease_until >= %(since)s
"""

QUEUED_LANES = """
SELECT queue_name, priority, count(*), min(queued_at)
FROM tasks_core_task
WHERE state = 'QUEUED' AND queued_at >= %(since)s AND queued_at < %(before)s
GROUP BY queue_name, priority
"""

LOST = """
SELECT task.id FROM tasks_core_task task
LEFT JOIN tasks_core_lane lane
    ON lane.queue_name = task.queue_name AND lane.priority = task.priority
WHERE task.state = 'QUEUED' AND task.queued_at >= %(since)s AND task.queued_at < %(before)s
  AND task.queue_name = %(queue_name)s AND task.priority = %(priority)s
  AND (%(is_empty)s OR task.queued_at < lane.claimed_until - %(slack)s)
  AND task.id <> ALL(%(apart_from)s::bigint[])
ORDER BY task.queued_at LIMIT %(limit)s
FOR NO KEY UPDATE OF task SKIP LOCKED
"""

REQUEUE = """
WITH task AS (
    UPDATE tasks_core_task SET state = 'SCHEDULED', queued_at = NULL
    WHERE id = ANY(%(ids)s::bigint[]) AND state || '' = 'QUEUED'
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'lost', attempts, %(now)s, '{"what": "message"}'::jsonb FROM task
)
SELECT id FROM task
"""

# What a process that has ended had in hand is what is still RUNNING in its name. It is counted by the same
# statement that locks, so two beats that share the tasks of a process do not each take theirs for alone.
ABANDONED = f"""
WITH process AS MATERIALIZED (
    SELECT worker, count(*) AS in_hand FROM tasks_core_task
    WHERE state = 'RUNNING' AND lease_until >= %(since)s
    GROUP BY worker
)
SELECT id, attempts, attempts_returned, task_type, isolated, claimed_with, worker,
    {readable("started_at")}, {readable("last_attempted_at")}, lease_until, expires_at, retry_policy_id,
    (SELECT in_hand FROM process WHERE process.worker = task.worker), retry
FROM tasks_core_task task
WHERE state = 'RUNNING' AND lease_until >= %(since)s AND lease_until < %(now)s
  AND id <> ALL(%(apart_from)s::bigint[])
ORDER BY lease_until LIMIT %(limit)s
FOR NO KEY UPDATE OF task SKIP LOCKED
"""  # noqa: S608 (all of it stands here)

# Their leases end at different times, and the last one must not look as if it had been alone. The sign is the
# note: how many were claimed together stays legible.
IN_COMPANY = """
SELECT id FROM tasks_core_task
WHERE state = 'RUNNING' AND worker = ANY(%(workers)s) AND claimed_with > 0
  AND id <> ALL(%(apart_from)s::bigint[])
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

NOTE_COMPANY = """
UPDATE tasks_core_task SET claimed_with = -claimed_with
WHERE id = ANY(%(ids)s::bigint[]) AND claimed_with > 0
RETURNING id
"""

TIMES_LOST = """
SELECT task_id, count(*) FROM tasks_core_taskevent
WHERE task_id = ANY(%(ids)s) AND kind = 'lost' AND data ->> 'what' IS DISTINCT FROM 'message'
GROUP BY task_id
"""

# A row with xmax is, or was, locked as it stands; that narrows the search down to few.
LOCKED = """
WITH suspect AS MATERIALIZED (
    SELECT id FROM tasks_core_task
    WHERE state = 'RUNNING' AND lease_until >= %(since)s AND lease_until < %(before)s
      AND xmax::text <> '0'
), free AS MATERIALIZED (
    SELECT id FROM tasks_core_task
    WHERE id = ANY(ARRAY(SELECT id FROM suspect)) AND state || '' = 'RUNNING'
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT id FROM suspect WHERE id <> ALL(ARRAY(SELECT id FROM free))
"""

ADVANCE_LANE = """
INSERT INTO tasks_core_lane (queue_name, priority, claimed_until)
VALUES (%(queue_name)s, %(priority)s, %(claimed_until)s)
ON CONFLICT (queue_name, priority) DO UPDATE SET claimed_until = EXCLUDED.claimed_until
WHERE tasks_core_lane.claimed_until < EXCLUDED.claimed_until
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class QueuedLane:
    """A lane with tasks that have been QUEUED for a while."""

    queue_name: str
    priority: int
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class AbandonedTask:
    """A RUNNING task whose lease is over."""

    id: int
    attempt: int
    attempts_returned: int
    task_type: str
    isolated: bool
    claimed_with: int | None
    worker: str
    started_at: datetime
    last_attempted_at: datetime
    lease_until: datetime
    expires_at: datetime | None
    retry_policy_id: int | None
    in_hand: int
    retry: dict[str, Any] | None

    @property
    def was_alone(self) -> bool:
        """Whether it alone can be to blame for the end of its process.

        An isolated one was in an empty process whoever was there when it was claimed, because it waits for
        that. Of those that were claimed together another may have ended a moment before, and left something.
        """
        if self.in_hand > 1 or (self.claimed_with or 0) < 0:
            return False
        return self.isolated or self.claimed_with == 1


def first_queued(since: datetime) -> datetime | None:
    """Return when the first task was queued, of those that were so ``since`` then; None if none was."""
    instant: datetime | None = fetch(FIRST_QUEUED, {"since": since})[0][0]
    return instant


def first_lease(since: datetime) -> datetime | None:
    """Return when the first lease is over, of those that are so ``since`` then; None if none is."""
    instant: datetime | None = fetch(FIRST_LEASE, {"since": since})[0][0]
    return instant


def queued_lanes(*, before: datetime, since: datetime = BEGINNING) -> list[QueuedLane]:
    """Return the lanes with tasks queued ``before`` and not claimed since; all are so ``since`` then."""
    return [QueuedLane(*row) for row in fetch(QUEUED_LANES, {"before": before, "since": since})]


def lost_messages(
    lane: QueuedLane,
    *,
    is_empty: bool,
    since: datetime,
    before: datetime,
    slack: Any,
    limit: int,
    apart_from: Sequence[int] = (),
) -> list[int]:
    """Lock and return tasks whose message must be lost; call it inside a transaction.

    It is lost if the broker queue is empty, or if tasks queued ``slack`` later have been claimed.
    """
    parameters = {
        "queue_name": lane.queue_name,
        "priority": lane.priority,
        "is_empty": is_empty,
        "since": since,
        "before": before,
        "slack": slack,
        "limit": limit,
        "apart_from": list(apart_from),
    }
    return [row[0] for row in fetch(LOST, parameters)]


def requeue(ids: Sequence[int], *, now: datetime) -> list[int]:
    """Move those of ``ids`` that are QUEUED back to SCHEDULED, and return them."""
    return [row[0] for row in fetch(REQUEUE, {"ids": list(ids), "now": now})]


def locked(*, since: datetime, before: datetime) -> list[int]:
    """Return the running tasks with a lease that is over ``before`` then, whose row somebody has locked.

    No lease is over before ``since``.
    """
    return [row[0] for row in fetch(LOCKED, {"since": since, "before": before})]


def abandoned(
    *, limit: int, since: datetime, now: datetime, apart_from: Sequence[int] = ()
) -> list[AbandonedTask]:
    """Lock and return tasks whose lease is over, none before ``since``; call it inside a transaction."""
    parameters = {"limit": limit, "since": since, "now": now, "apart_from": list(apart_from)}
    return [_abandoned(row) for row in fetch(ABANDONED, parameters)]


def _abandoned(row: tuple[Any, ...]) -> AbandonedTask:
    retry = None if row[-1] is None else stored_json(row[-1])  # JSON comes as text
    return AbandonedTask(*(*row[:-1], retry))


def in_company(workers: Collection[str], *, apart_from: Sequence[int]) -> list[int]:
    """Lock and return what these processes still have in hand, unless its company is noted."""
    if not workers:
        return []
    parameters = {"workers": sorted(workers), "apart_from": list(apart_from)}
    return [row[0] for row in fetch(IN_COMPANY, parameters)]


def note_company(ids: Sequence[int]) -> int:
    """Note on these tasks that they were not alone in their process; return on how many."""
    return len(fetch(NOTE_COMPANY, {"ids": list(ids)}))


def times_lost(task_ids: list[int]) -> dict[int, int]:
    """Return how often tasks were lost with their worker and nobody was blamed, for those that were."""
    return dict(fetch(TIMES_LOST, {"ids": task_ids})) if task_ids else {}


def advance_lane(queue_name: str, priority: int, *, claimed_until: datetime) -> None:
    """Record how far the workers have come in a lane; it never moves back."""
    parameters = {
        "queue_name": queue_name,
        "priority": priority,
        "claimed_until": claimed_until,
    }
    fetch(ADVANCE_LANE, parameters)
