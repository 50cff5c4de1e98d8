"""Write ticks into the ledger, and settle them together with the tasks they make."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks_core.database import fetch
from tasks_core.engine.json_text import json_text

ADD = """
INSERT INTO tasks_core_occurrence (schedule_id, due, fire_at, kind, outcome, reason, decided_at)
SELECT schedule_id, due, fire_at, 'tick', outcome, reason,
    CASE WHEN outcome <> 'upcoming' THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(ticks)s::jsonb) AS tick (
    schedule_id bigint, due timestamptz, fire_at timestamptz, outcome text, reason text
)
ON CONFLICT (schedule_id, due) DO NOTHING
RETURNING id
"""

# A tick is settled once, under the lock of its schedule; what it makes is written with it. Ids are drawn in
# the order of the decisions, so that the tasks of one round have the order of their ticks.
SETTLE = """
WITH decision AS MATERIALIZED (
    SELECT d.*, CASE WHEN makes_task THEN nextval('tasks_core_task_id_seq') END AS task_id
    FROM jsonb_to_recordset(%(decisions)s::jsonb) AS d (
        id bigint, outcome text, reason text, makes_task boolean, fire_at timestamptz
    )
), settled AS (
    UPDATE tasks_core_occurrence AS occurrence SET
        outcome = decision.outcome,
        reason = decision.reason,
        fire_at = COALESCE(decision.fire_at, occurrence.fire_at),
        decided_at = CASE WHEN decision.outcome <> 'buffered' THEN %(now)s::timestamptz END,
        task_id = decision.task_id
    FROM decision
    WHERE occurrence.id = decision.id AND occurrence.outcome IN ('upcoming', 'buffered')
    RETURNING occurrence.id, occurrence.schedule_id, occurrence.due, occurrence.task_id,
        -- A backfill asks for what is long past; its tasks are not late.
        CASE WHEN occurrence.kind = 'backfill' THEN %(now)s
            ELSE LEAST(occurrence.fire_at, %(now)s) END AS run_after,
        CASE WHEN occurrence.kind = 'tick'
            THEN GREATEST(extract(epoch FROM %(now)s - occurrence.fire_at), 0) END AS lateness
), task AS (
    INSERT INTO tasks_core_task (
        id, task_type, queue_name, priority, state, payload, run_after, expires_at, enqueued_at,
        attempts, attempts_returned, isolated, worker, error, retry_policy_id, retry, idempotency_key,
        correlation_id, tags, schedule_id, scheduled_for
    )
    SELECT settled.task_id, schedule.task_type, schedule.queue_name, schedule.priority, 'SCHEDULED',
        schedule.payload, settled.run_after, settled.due + schedule.expires_after, %(now)s,
        0, 0, false, '', '', schedule.retry_policy_id, schedule.retry,
        'schedule-' || schedule.id || '-' || extract(epoch FROM settled.due)::text,
        '', schedule.tags, schedule.id, settled.due
    FROM settled JOIN tasks_core_schedule schedule ON schedule.id = settled.schedule_id
    WHERE settled.task_id IS NOT NULL
    RETURNING id, task_type, schedule_id
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, duration)
    SELECT task.id, task.task_type, 'scheduled', 0, %(now)s, settled.lateness
    FROM task JOIN settled ON settled.task_id = task.id
), run AS (
    UPDATE tasks_core_schedule SET runs = runs + made.count
    FROM (SELECT schedule_id, count(*) FROM task GROUP BY schedule_id) AS made
    WHERE tasks_core_schedule.id = made.schedule_id
)
SELECT id, task_id FROM settled
"""

# The first upcoming tick of each, found by its index.
NEXT = """
UPDATE tasks_core_schedule AS schedule SET next_fire_at = (
    SELECT fire_at FROM tasks_core_occurrence
    WHERE schedule_id = schedule.id AND outcome = 'upcoming' ORDER BY fire_at LIMIT 1
)
WHERE id = ANY(%(ids)s::bigint[])
RETURNING id
"""

# How far the ledgers of several schedules go, when each wants more, and when it fires next.
EXTEND = """
UPDATE tasks_core_schedule AS schedule SET
    generated_until = extent.until,
    refill_at = extent.refill_at,
    next_fire_at = (
        SELECT fire_at FROM tasks_core_occurrence
        WHERE schedule_id = schedule.id AND outcome = 'upcoming' ORDER BY fire_at LIMIT 1
    )
FROM jsonb_to_recordset(%(extents)s::jsonb) AS extent (
    schedule_id bigint, until timestamptz, refill_at timestamptz
)
WHERE schedule.id = extent.schedule_id
RETURNING schedule.id
"""

UPCOMING = """
SELECT schedule_id, array_agg(due ORDER BY due) FROM tasks_core_occurrence
WHERE schedule_id = ANY(%(ids)s::bigint[]) AND outcome = 'upcoming' AND due > %(now)s
GROUP BY schedule_id
"""

# What a backfill has enqueued is counted by that alone: its past must not keep the present from running.
_AT_WORK = """
    task.state IN ('SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING') AND NOT EXISTS (
        SELECT FROM tasks_core_occurrence made
        WHERE made.schedule_id = task.schedule_id AND made.due = task.scheduled_for
          AND made.task_id = task.id AND made.kind = 'backfill'
    )
"""
AT_WORK = f"""
SELECT schedule_id, array_agg(id ORDER BY id) FROM tasks_core_task task
WHERE schedule_id = ANY(%(ids)s::bigint[]) AND {_AT_WORK}
GROUP BY schedule_id
"""  # noqa: S608 its parts stand in this file

RELEASABLE = f"""
SELECT schedule_id FROM (
    SELECT DISTINCT schedule_id FROM tasks_core_occurrence
    WHERE outcome = 'buffered' AND fire_at <= %(now)s
      AND schedule_id <> ALL(%(apart_from)s::bigint[])
) AS waiting
JOIN tasks_core_schedule schedule ON schedule.id = waiting.schedule_id
WHERE (paused_at IS NULL OR paused_at > %(now)s OR resume_at <= %(now)s) AND NOT EXISTS (
    SELECT FROM tasks_core_task task WHERE task.schedule_id = waiting.schedule_id AND {_AT_WORK}
)
LIMIT %(limit)s
"""  # noqa: S608 its parts stand in this file


@dataclass(frozen=True, slots=True)
class NewTick:
    """A tick that the ledger is to hold."""

    schedule_id: int
    due: datetime
    fire_at: datetime
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """The ledger of a schedule holds every tick up to ``until``, and is to get more at ``refill_at``."""

    schedule_id: int
    until: datetime
    refill_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one occurrence; ``fire_at`` moves one that is buffered."""

    id: int
    outcome: str
    makes_task: bool = False
    reason: str = ""
    fire_at: datetime | None = None


def add_ticks(ticks: Sequence[NewTick], *, now: datetime) -> int:
    """Add those ticks that the ledger does not hold yet; return how many."""
    if not ticks:
        return 0
    rows = [
        {
            "schedule_id": t.schedule_id,
            "due": t.due.isoformat(),
            "fire_at": t.fire_at.isoformat(),
            "outcome": t.outcome,
            "reason": t.reason,
        }
        for t in ticks
    ]
    return len(fetch(ADD, {"ticks": json_text(rows), "now": now}))


def settle(decisions: Sequence[Decision], *, now: datetime) -> dict[int, int | None]:
    """Settle occurrences that are not settled yet; return them with the tasks they made."""
    if not decisions:
        return {}
    rows = [
        {
            "id": d.id,
            "outcome": d.outcome,
            "reason": d.reason,
            "makes_task": d.makes_task,
            "fire_at": d.fire_at and d.fire_at.isoformat(),
        }
        for d in decisions
    ]
    return dict(fetch(SETTLE, {"decisions": json.dumps(rows), "now": now}))


def extend(extents: Sequence[Extent]) -> None:
    """Note how far the ledgers of locked schedules go now, and when each schedule fires next."""
    rows = [
        {
            "schedule_id": e.schedule_id,
            "until": e.until.isoformat(),
            "refill_at": e.refill_at and e.refill_at.isoformat(),
        }
        for e in extents
    ]
    fetch(EXTEND, {"extents": json.dumps(rows)})


def set_next(schedule_ids: Sequence[int]) -> None:
    """Note when each schedule fires next."""
    fetch(NEXT, {"ids": list(schedule_ids)})


def upcoming(schedule_ids: Sequence[int], *, now: datetime) -> dict[int, list[datetime]]:
    """Return the upcoming due times of each schedule that has any, in order."""
    return dict(fetch(UPCOMING, {"ids": list(schedule_ids), "now": now}))


def releasable(*, now: datetime, apart_from: Sequence[int], limit: int) -> list[int]:
    """Return schedules that hold ticks whose time has come, have nothing unfinished and are not paused."""
    parameters = {"now": now, "apart_from": list(apart_from), "limit": limit}
    return [row[0] for row in fetch(RELEASABLE, parameters)]


def at_work(schedule_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the unfinished tasks of each schedule that has any, but for those of backfills, oldest first."""
    return dict(fetch(AT_WORK, {"ids": list(schedule_ids)}))
