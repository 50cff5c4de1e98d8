"""Record the outcomes of a batch of attempts."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks_core.database import fetch, fetch_often
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, lock_timeout
from tasks_core.engine.json_text import json_text, stored_json
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.states import FINAL, UNSUCCESSFUL, EventKind, State
from tasks_core.signals import UnsuccessfulTask
from tasks_core.sql.lease import still_owned


def _array(values: Iterable[str]) -> str:
    """Write names as an array of SQL: as values they would cost the driver more than all others together."""
    names = ", ".join(f"'{value}'" for value in sorted(values))
    return f"ARRAY[{names}]"


_TIMED = (EventKind.COMPLETED, EventKind.SNOOZED, EventKind.YIELDED)
"""How long an attempt ran stands in the event that says how it went: these, or FAILED before another."""

FINISH = f"""
WITH outcome AS (
    SELECT * FROM json_to_recordset(%(outcomes)s) AS o (
        id bigint, attempt int, state text, run_after timestamptz, result jsonb, error text,
        returned int, isolated bool, started_at timestamptz, ended_at timestamptz,
        kind text, data jsonb, due_at timestamptz
    )
), task AS (
    UPDATE tasks_core_task SET
        state = outcome.state,
        -- A task that was woken while it ran (sql/bring_forward.py) does not go to sleep.
        run_after = CASE
            WHEN outcome.kind = 'snoozed' AND tasks_core_task.run_after <> outcome.due_at
            THEN tasks_core_task.run_after
            ELSE COALESCE(outcome.run_after, tasks_core_task.run_after)
        END,
        result = outcome.result,
        error = COALESCE(outcome.error, tasks_core_task.error),
        attempts_returned = attempts_returned + COALESCE(outcome.returned, 0),
        isolated = tasks_core_task.isolated OR COALESCE(outcome.isolated, false),
        last_attempted_at = outcome.started_at,
        finished_at = CASE WHEN outcome.state = ANY({_array(FINAL)}) THEN outcome.ended_at END,
        lease_until = NULL,
        queued_at = NULL,
        unique_key = CASE
            WHEN unique_until = 'finished' AND outcome.state = ANY({_array(FINAL)}) THEN NULL
            ELSE unique_key
        END
    FROM outcome
    WHERE tasks_core_task.id = outcome.id AND tasks_core_task.id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY((SELECT %(ids)s::bigint[])::bigint[]) AND state || '' = 'RUNNING'  -- see claim.py
        FOR NO KEY UPDATE SKIP LOCKED
      ))
      AND tasks_core_task.state || '' = 'RUNNING' AND tasks_core_task.attempts = outcome.attempt
    RETURNING tasks_core_task.id, tasks_core_task.task_type, tasks_core_task.state, tasks_core_task.error,
        CASE WHEN tasks_core_task.state = ANY({_array(UNSUCCESSFUL)}) THEN tasks_core_task.payload::text END
            AS payload
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, duration, data)
    SELECT before.id, task_type, before.kind, before.attempt, before.at, before.duration, before.data
    FROM json_to_recordset(%(before)s) AS before (
        id bigint, kind text, attempt int, at timestamptz, duration real, data jsonb
    )
    JOIN task ON task.id = before.id
    UNION ALL
    SELECT outcome.id, task_type, outcome.kind, outcome.attempt, outcome.ended_at,
        CASE WHEN outcome.kind = ANY({_array(_TIMED)})
            THEN extract(epoch FROM outcome.ended_at - outcome.started_at) END,
        outcome.data
    FROM outcome JOIN task ON task.id = outcome.id
)
SELECT id, task_type, state, error, payload
-- A subquery of its own is run once for the statement, and not for each row.
FROM task WHERE (SELECT set_config('lock_timeout', '{lock_timeout(BRIEF_LOCK_SECONDS)}', true)) IS NOT NULL
"""  # noqa: S608 (all of it stands here)

BURY = """
INSERT INTO tasks_core_deadletter (
    task_id, task_type, reason, error, message, traceback, fingerprint, attempts, worker, versions,
    created_at, resolution, note
)
SELECT task.id, task.task_type, dead.reason, dead.error, dead.message, dead.traceback, dead.fingerprint,
    task.attempts, task.worker, %(versions)s::jsonb, %(now)s, '', ''
FROM unnest(
    %(ids)s::bigint[], %(reasons)s::text[], %(errors)s::text[], %(messages)s::text[],
    %(tracebacks)s::text[], %(fingerprints)s::text[]
) AS dead (id, reason, error, message, traceback, fingerprint)
JOIN tasks_core_task task ON task.id = dead.id AND task.state = 'DEAD'
ON CONFLICT (task_id) DO NOTHING
RETURNING id
"""


# The event of an outcome is written with it, and tells one try of one attempt from all others.
FINISHED_BEFORE = """
SELECT event.task_id
FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(kinds)s::text[], %(ended_at)s::timestamptz[])
    AS mine (id, attempt, kind, ended_at)
JOIN tasks_core_taskevent event ON event.task_id = mine.id
    AND event.attempt = mine.attempt AND event.kind = mine.kind AND event.at = mine.ended_at
"""


@dataclass(slots=True, kw_only=True)
class FinishedAttempt:
    """One attempt and what it came to; ``due_at`` is the time for which its task was claimed, if known.

    Nobody changes one. It is not frozen because making it would take twice as long then.
    """

    task_id: int
    attempt: int
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of outcomes.

    Attributes:
        ids: the tasks whose outcome took effect.
        unsuccessful: those among them that have ended without success.
        locked: tasks that are still owned, but whose row somebody else has locked; to be tried again.
    """

    ids: set[int]
    unsuccessful: list[UnsuccessfulTask] = field(default_factory=list)
    locked: frozenset[int] = frozenset()


def finish(attempts: Sequence[FinishedAttempt]) -> Written:
    """Write all outcomes whose attempt is still owned, in one statement.

    An attempt that somebody else has ended (recovered, cancelled) is left as it is. What comes after it in
    the same transaction does not wait long for locks: receivers have their own rows.
    """
    # JSON, because the driver writes arrays value by value in Python and JSON at the speed of C.
    parameters = {
        "ids": [attempt.task_id for attempt in attempts],
        "outcomes": json_text(list(_rows(attempts))),
        "before": json_text([event for attempt in attempts for event in _events_before(attempt)]),
    }
    rows = fetch_often(FINISH, parameters)
    ids = {row[0] for row in rows}
    missing = [(a.task_id, a.attempt) for a in attempts if a.task_id not in ids]
    locked = frozenset(task_id for task_id, _ in still_owned(missing)) if missing else frozenset()
    return Written(ids, [_unsuccessful(*row) for row in rows if row[4]], locked)


def finished_before(attempts: Sequence[FinishedAttempt]) -> set[int]:
    """Return the ids of those whose outcome has been written before."""
    parameters = {
        "ids": [attempt.task_id for attempt in attempts],
        "attempts": [attempt.attempt for attempt in attempts],
        "kinds": [str(attempt.outcome.events[-1][0]) for attempt in attempts],
        "ended_at": [attempt.ended_at for attempt in attempts],
    }
    return {row[0] for row in fetch(FINISHED_BEFORE, parameters)}


def _unsuccessful(
    task_id: int, task_type: str, state: str, error: str, payload: str
) -> UnsuccessfulTask:
    return UnsuccessfulTask(
        task_id=task_id,
        task_type=task_type,
        state=State(state),
        payload=stored_json(payload),
        error=error,
    )


def _rows(attempts: Iterable[FinishedAttempt]) -> Iterator[dict[str, Any]]:
    """Return each outcome as the statement reads it."""
    # Where one begins at the instant at which the one before it ended, its time is not written out twice.
    last_at, text = None, ""
    for attempt in attempts:
        started_at = text if attempt.started_at is last_at else attempt.started_at.isoformat()
        last_at, text = attempt.ended_at, attempt.ended_at.isoformat()
        yield _row(attempt, started_at=started_at, ended_at=text)


def _row(attempt: FinishedAttempt, *, started_at: str, ended_at: str) -> dict[str, Any]:
    """Return the outcome and its own event as the statement reads them; what is left out is NULL."""
    outcome = attempt.outcome
    kind, data = outcome.events[-1]
    row: dict[str, Any] = {
        "id": attempt.task_id,
        "attempt": attempt.attempt,
        "state": outcome.state,
        "started_at": started_at,
        "ended_at": ended_at,
        "kind": kind,
    }
    if data:
        row["data"] = data
    if outcome.result is not None:
        row["result"] = outcome.result
    if outcome.run_after is not None:
        row["run_after"] = outcome.run_after.isoformat()
    if outcome.failure is not None:
        row["error"] = outcome.failure.summary
    elif outcome.state is State.EXPIRED:
        row["error"] = outcome.reason
    if not outcome.uses_attempt:
        row["returned"] = 1
    if outcome.isolate:
        row["isolated"] = True
    if kind is EventKind.SNOOZED and attempt.due_at is not None:
        row["due_at"] = attempt.due_at.isoformat()
    return row


def _events_before(attempt: FinishedAttempt) -> Iterator[dict[str, Any]]:
    """Return the events that come before the outcome's own, such as the failure before a retry."""
    for kind, data in attempt.outcome.events[:-1]:
        yield {
            "id": attempt.task_id,
            "kind": kind,
            "attempt": attempt.attempt,
            "at": attempt.ended_at.isoformat(),
            "duration": (attempt.ended_at - attempt.started_at).total_seconds(),
            "data": data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a dead letter says of a failure."""

    task_id: int
    reason: str
    error: str
    message: str
    traceback: str
    fingerprint: str


def write_dead_letters(
    evidence: Sequence[Evidence], *, versions: dict[str, str], now: datetime
) -> list[int]:
    """Write dead letters for tasks that are DEAD and return their ids."""
    parameters = {
        "ids": [e.task_id for e in evidence],
        "reasons": [e.reason for e in evidence],
        "errors": [e.error for e in evidence],
        "messages": [e.message for e in evidence],
        "tracebacks": [e.traceback for e in evidence],
        "fingerprints": [e.fingerprint for e in evidence],
        "versions": json.dumps(versions),
        "now": now,
    }
    return [row[0] for row in fetch(BURY, parameters)]
