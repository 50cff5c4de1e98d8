"""See which lanes have work, and move due tasks to QUEUED."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks_core.database import fetch, fetch_often

# A loose index scan: one probe for each lane that has waiting tasks, however many there are. But as long as
# any transaction is open that is older than them, it passes over all that have been taken since, too.
LANES = """
WITH RECURSIVE lane AS (
    (
        SELECT queue_name, priority, run_after, id, task_type FROM tasks_core_task
        WHERE state IN ('SCHEDULED', 'RETRYING')
        ORDER BY queue_name, priority, run_after, id LIMIT 1
    )
    UNION ALL
    SELECT following.* FROM lane CROSS JOIN LATERAL (
        SELECT queue_name, priority, run_after, id, task_type FROM tasks_core_task
        WHERE state IN ('SCHEDULED', 'RETRYING')
          AND (queue_name, priority) > (lane.queue_name, lane.priority)
        ORDER BY queue_name, priority, run_after, id LIMIT 1
    ) following
)
SELECT queue_name, priority, run_after, id, task_type FROM lane ORDER BY priority, run_after
"""

LANES_SINCE = """
SELECT lane.queue_name, lane.priority, first.run_after, first.id, first.task_type
FROM unnest(
    %(queue_names)s::text[], %(priorities)s::smallint[], %(sinces)s::timestamptz[],
    %(firsts)s::bigint[]
) AS lane (queue_name, priority, since, first)
CROSS JOIN LATERAL (
    SELECT run_after, id, task_type FROM tasks_core_task
    WHERE state IN ('SCHEDULED', 'RETRYING')
      AND queue_name = lane.queue_name AND priority = lane.priority
      AND (run_after, id) >= (lane.since, lane.first)
    ORDER BY run_after, id LIMIT 1
) first
ORDER BY priority, run_after
"""

# Each lane is read from its first task on: before that there are only tasks that were taken.
# Lists stand in queries of their own, so that it is planned once and not at each call (see ``claim``); not so
# the instant: among millions of tasks for later a plan for any instant would look dear enough to be compiled.
LOCK_DUE = """
    SELECT task.id FROM unnest(
        (SELECT %(queue_names)s::text[]), (SELECT %(priorities)s::smallint[]),
        (SELECT %(sinces)s::timestamptz[]), (SELECT %(firsts)s::bigint[]), (SELECT %(limits)s::int[])
    ) AS lane (queue_name, priority, since, first, room)
    CROSS JOIN LATERAL (
        SELECT id FROM tasks_core_task
        WHERE state IN ('SCHEDULED', 'RETRYING')
          AND queue_name = lane.queue_name AND priority = lane.priority
          AND (run_after, id) >= (lane.since, lane.first)
          AND run_after <= %(now)s AND (expires_at IS NULL OR expires_at > %(now)s)
          AND task_type = ANY((SELECT %(task_types)s::text[])::text[])
          AND id NOT IN (SELECT unnest(%(apart_from)s::bigint[]))
        ORDER BY run_after, id LIMIT lane.room
        FOR UPDATE SKIP LOCKED
    ) task
"""

# The commit does not wait for the disk: should the database crash at that moment, the tasks are SCHEDULED
# again and dispatched once more, and a message too many is only a hint.
# The ids are taken from an array: of a join the planner expects a tenth of the waiting tasks, because it
# does not know the limits, and reads the whole table (500 ms a call among a million tasks, not 7).
_QUEUE = """
task AS (
    UPDATE tasks_core_task SET state = 'QUEUED', queued_at = %(now)s
    WHERE tasks_core_task.id = ANY(ARRAY(SELECT id FROM due))
      AND state || '' IN ('SCHEDULED', 'RETRYING')
    RETURNING tasks_core_task.id, task_type, queue_name, priority, isolated, run_after, attempts,
        traceparent
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'queued', attempts, %(now)s FROM task
)
SELECT id, task_type, queue_name, priority, isolated, traceparent
FROM task CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
ORDER BY priority, run_after, id
"""

TAKE = f"WITH due AS ({LOCK_DUE}), {_QUEUE}"
TAKE_THESE = f"WITH due AS (SELECT unnest(%(ids)s::bigint[]) AS id), {_QUEUE}"

HOLD = """
WITH task AS (
    UPDATE tasks_core_task SET state = 'SCHEDULED', queued_at = NULL
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY(%(ids)s) AND state || '' = 'QUEUED' AND queued_at = %(queued_at)s
        FOR NO KEY UPDATE SKIP LOCKED
      )) AND state || '' = 'QUEUED' AND queued_at = %(queued_at)s
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s,
        jsonb_build_object('reason', %(reason)s::text)
    FROM task
)
SELECT id FROM task
"""

# What is of another type was never meant, and what has expired is not to be sent again.
GIVE_BACK = """
WITH task AS (
    UPDATE tasks_core_task SET state = 'SCHEDULED', queued_at = NULL
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY(%(ids)s) AND state || '' = 'QUEUED' AND queued_at <= %(queued_by)s
          AND task_type = %(task_type)s AND (expires_at IS NULL OR expires_at > %(now)s)
        FOR NO KEY UPDATE SKIP LOCKED
      )) AND state || '' = 'QUEUED'
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'lost', attempts, %(now)s, '{"what": "message"}'::jsonb FROM task
)
SELECT id FROM task
"""

STILL_QUEUED = """
SELECT id FROM tasks_core_task
WHERE id = ANY(%(ids)s) AND state || '' = 'QUEUED' AND queued_at <= %(queued_by)s
"""

POSTPONE = """
WITH task AS (
    UPDATE tasks_core_task SET state = 'SCHEDULED', queued_at = NULL, run_after = %(run_after)s
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task WHERE id = ANY(%(ids)s) AND state || '' = 'QUEUED'
        FOR NO KEY UPDATE SKIP LOCKED
      )) AND state || '' = 'QUEUED'
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s,
        jsonb_build_object('reason', %(reason)s::text)
    FROM task
)
SELECT id FROM task
"""

# They come back by themselves: after the shortest time at first, after the longest while it lasts.
SET_ASIDE = """
WITH front AS (
    SELECT id, task_type FROM tasks_core_task
    WHERE state IN ('SCHEDULED', 'RETRYING')
      AND queue_name = %(queue_name)s AND priority = %(priority)s
      AND (run_after, id) >= (%(since)s, %(first)s) AND run_after <= %(now)s
    ORDER BY run_after, id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), task AS (
    UPDATE tasks_core_task SET run_after = %(now)s
        + LEAST(GREATEST(%(now)s - enqueued_at, %(shortest)s::interval), %(longest)s::interval)
    WHERE tasks_core_task.id = ANY(ARRAY(
        SELECT id FROM front WHERE task_type <> ALL(%(task_types)s)
    ))
      AND state || '' IN ('SCHEDULED', 'RETRYING')
    RETURNING tasks_core_task.id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'rescheduled', attempts, %(now)s,
        jsonb_build_object('reason', 'no beat knows the task type ' || task_type)
    FROM task
)
SELECT task_type, count(*) FROM task GROUP BY task_type ORDER BY task_type
"""

UNKNOWN = """
SELECT task_type, count(*) FROM unnest(%(queue_names)s::text[], %(priorities)s::smallint[])
    AS lane (queue_name, priority)
CROSS JOIN LATERAL (
    SELECT task_type FROM tasks_core_task
    WHERE state IN ('SCHEDULED', 'RETRYING')
      AND queue_name = lane.queue_name AND priority = lane.priority AND run_after <= %(until)s
    ORDER BY run_after LIMIT %(limit)s
) task
WHERE task_type <> ALL(%(task_types)s)
GROUP BY task_type ORDER BY task_type
"""


@dataclass(frozen=True, slots=True)
class WaitingLane:
    """A lane that has waiting tasks, when the first of them is due, which it is and of what type."""

    queue_name: str
    priority: int
    first_run_after: datetime
    first_id: int
    first_type: str


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """A task that must now be published."""

    id: int
    task_type: str
    queue_name: str
    priority: int
    isolated: bool
    traceparent: str | None


def waiting_lanes() -> list[WaitingLane]:
    """Return the lanes with waiting tasks, the most urgent first."""
    return [WaitingLane(*row) for row in fetch_often(LANES, {})]


Position = tuple[datetime, int]
"""A place in the order of a lane: when a task is due, and its id."""


def waiting_lanes_since(sinces: Mapping[tuple[str, int], Position]) -> list[WaitingLane]:
    """Return those of these lanes that have waiting tasks from there on, the most urgent first."""
    parameters = {
        "queue_names": [queue_name for queue_name, _ in sinces],
        "priorities": [priority for _, priority in sinces],
        "sinces": [since for since, _ in sinces.values()],
        "firsts": [first for _, first in sinces.values()],
    }
    return [WaitingLane(*row) for row in fetch_often(LANES_SINCE, parameters)]


Rooms = Sequence[tuple[WaitingLane, int]]
"""How many tasks may be taken of which lanes."""


def take_due(
    rooms: Rooms, task_types: list[str], *, now: datetime, apart_from: Sequence[int] = ()
) -> list[QueuedTask]:
    """Move due tasks to QUEUED, from the first of each lane on, and as many as it has room for."""
    parameters = _due(rooms, task_types, now=now, apart_from=apart_from)
    return [QueuedTask(*row) for row in fetch_often(TAKE, parameters)]


def lock_due(
    rooms: Rooms, task_types: list[str], *, now: datetime, apart_from: Sequence[int] = ()
) -> list[int]:
    """Lock and return what ``take_due`` would take; call it inside a transaction."""
    parameters = _due(rooms, task_types, now=now, apart_from=apart_from)
    return [row[0] for row in fetch(LOCK_DUE, parameters)]


def take_these(ids: Sequence[int], *, now: datetime) -> list[QueuedTask]:
    """Move these to QUEUED, as far as they wait to be."""
    return [QueuedTask(*row) for row in fetch(TAKE_THESE, {"ids": list(ids), "now": now})]


def _due(
    rooms: Rooms, task_types: list[str], *, now: datetime, apart_from: Sequence[int]
) -> dict[str, object]:
    return {
        "queue_names": [lane.queue_name for lane, _ in rooms],
        "priorities": [lane.priority for lane, _ in rooms],
        "sinces": [lane.first_run_after for lane, _ in rooms],
        "firsts": [lane.first_id for lane, _ in rooms],
        "limits": [room for _, room in rooms],
        "task_types": task_types,
        "apart_from": list(apart_from),
        "now": now,
    }


def hold(ids: list[int], *, queued_at: datetime, reason: str, now: datetime) -> list[int]:
    """Move tasks queued at ``queued_at`` back to SCHEDULED, unless a worker has claimed them."""
    parameters = {"ids": ids, "queued_at": queued_at, "reason": reason, "now": now}
    return [row[0] for row in fetch(HOLD, parameters)]


def give_back(ids: list[int], *, task_type: str, queued_by: datetime, now: datetime) -> list[int]:
    """Move tasks queued by then, whose message has come and gone, back to SCHEDULED; return them."""
    parameters = {"ids": ids, "task_type": task_type, "queued_by": queued_by, "now": now}
    return [row[0] for row in fetch(GIVE_BACK, parameters)]


def still_queued(ids: list[int], *, queued_by: datetime) -> list[int]:
    """Return those of ``ids`` that were queued by then and are so still."""
    return [row[0] for row in fetch(STILL_QUEUED, {"ids": ids, "queued_by": queued_by})]


def postpone(ids: list[int], *, seconds: float, reason: str, now: datetime) -> list[int]:
    """Move queued tasks back to SCHEDULED, to be dispatched again in ``seconds``."""
    parameters = {
        "ids": ids,
        "reason": reason,
        "now": now,
        "run_after": now + timedelta(seconds=seconds),
    }
    return [row[0] for row in fetch(POSTPONE, parameters)]


def set_aside(
    lane: WaitingLane,
    known_types: list[str],
    *,
    limit: int,
    between: tuple[timedelta, timedelta],
    now: datetime,
) -> dict[str, int]:
    """Postpone those of the lane's first due tasks whose type is not known; return how many of each type.

    At most ``limit`` tasks are looked at. The longer they wait already the later they come back, ``between``
    those times.
    """
    shortest, longest = between
    parameters = {
        "queue_name": lane.queue_name,
        "priority": lane.priority,
        "since": lane.first_run_after,
        "first": lane.first_id,
        "task_types": known_types,
        "limit": limit,
        "shortest": shortest,
        "longest": longest,
        "now": now,
    }
    return dict(fetch(SET_ASIDE, parameters))


def unknown_types(
    lanes: Sequence[WaitingLane], known_types: list[str], *, until: datetime, limit: int
) -> dict[str, int]:
    """Return how many of the tasks due ``until`` then are of which type that is not known.

    At most ``limit`` tasks of each lane are looked at.
    """
    parameters = {
        "queue_names": [lane.queue_name for lane in lanes],
        "priorities": [lane.priority for lane in lanes],
        "task_types": known_types,
        "until": until,
        "limit": limit,
    }
    return dict(fetch(UNKNOWN, parameters))
