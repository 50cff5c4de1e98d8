"""Record the outcomes of a batch of attempts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.database import fetch
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.states import FINAL
from tasks_core.json_text import json_text

FINISH = """
WITH outcome AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(attempts)s::int[], %(states)s::text[], %(run_afters)s::timestamptz[],
        %(results)s::text[], %(errors)s::text[], %(returned)s::int[], %(isolated)s::bool[],
        %(started_ats)s::timestamptz[], %(finished_ats)s::timestamptz[]
    ) AS o (id, attempt, state, run_after, result, error, returned, isolated, started_at, finished_at)
), task AS (
    UPDATE tasks_core_task SET
        state = outcome.state,
        run_after = COALESCE(outcome.run_after, tasks_core_task.run_after),
        result = outcome.result::jsonb,
        error = COALESCE(outcome.error, tasks_core_task.error),
        attempts_returned = attempts_returned + outcome.returned,
        isolated = tasks_core_task.isolated OR outcome.isolated,
        last_attempted_at = outcome.started_at,
        finished_at = outcome.finished_at,
        lease_until = NULL,
        queued_at = NULL,
        unique_key = CASE
            WHEN unique_until = 'finished' AND outcome.finished_at IS NOT NULL THEN NULL
            ELSE unique_key
        END
    FROM outcome
    WHERE tasks_core_task.id = outcome.id
      AND tasks_core_task.state = 'RUNNING' AND tasks_core_task.attempts = outcome.attempt
    RETURNING tasks_core_task.id
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, kind, attempt, at, data)
    SELECT e.id, e.kind, e.attempt, e.at, e.data::jsonb
    FROM unnest(
        %(event_ids)s::bigint[], %(event_kinds)s::text[], %(event_attempts)s::int[],
        %(event_ats)s::timestamptz[], %(event_data)s::text[]
    ) WITH ORDINALITY AS e (id, kind, attempt, at, data, position)
    JOIN task ON task.id = e.id
    ORDER BY e.position
)
SELECT id FROM task
"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """One attempt and what it came to."""

    task_id: int
    attempt: int
    outcome: Outcome
    started_at: datetime
    ended_at: datetime


def finish(attempts: Sequence[FinishedAttempt]) -> set[int]:
    """Write all outcomes in one statement and return the ids whose attempt was still owned.

    An attempt that somebody else has ended (recovered, cancelled) is left as it is.
    """
    events = [
        (a.task_id, str(kind), a.attempt, a.ended_at, json.dumps(data) if data else None)
        for a in attempts
        for kind, data in a.outcome.events
    ]
    columns: dict[str, list[Any]] = {
        "ids": [a.task_id for a in attempts],
        "attempts": [a.attempt for a in attempts],
        "states": [str(a.outcome.state) for a in attempts],
        "run_afters": [a.outcome.run_after for a in attempts],
        "results": [_json(a.outcome.result) for a in attempts],
        "errors": [a.outcome.failure.summary if a.outcome.failure else None for a in attempts],
        "returned": [0 if a.outcome.uses_attempt else 1 for a in attempts],
        "isolated": [a.outcome.isolate for a in attempts],
        "started_ats": [a.started_at for a in attempts],
        "finished_ats": [a.ended_at if a.outcome.state in FINAL else None for a in attempts],
        "event_ids": [event[0] for event in events],
        "event_kinds": [event[1] for event in events],
        "event_attempts": [event[2] for event in events],
        "event_ats": [event[3] for event in events],
        "event_data": [event[4] for event in events],
    }
    return {row[0] for row in fetch(FINISH, columns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a dead letter says of a failure."""

    task_id: int
    reason: str
    error: str
    message: str
    traceback: str
    fingerprint: str


def bury(evidence: Sequence[Evidence], *, versions: dict[str, str], now: datetime) -> list[int]:
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


def _json(value: Any) -> str | None:
    return None if value is None else json_text(value)
