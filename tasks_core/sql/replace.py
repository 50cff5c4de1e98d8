"""Change a task that has not started: what a second caller with the same key asks for."""

from datetime import datetime, timedelta

from tasks_core.database import fetch

# What an earlier attempt has noted belongs to the payload that is replaced.
REPLACE = """
WITH task AS (
    UPDATE tasks_core_task SET payload = %(payload)s::jsonb, checkpoint = NULL, progress = NULL
    WHERE unique_key = %(unique_key)s AND state IN ('SCHEDULED', 'RETRYING', 'QUEUED')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'replaced', attempts, %(now)s FROM task
)
SELECT id FROM task
"""

# A bound never brings a task forward: not out of a snooze, nor out of the pause after a failure. One that is
# queued when its bound has come stays so, or a stream of calls could keep it from starting.
_NEW_RUN_AFTER = """
CASE WHEN %(max_wait)s::interval IS NULL THEN %(run_after)s::timestamptz
    ELSE LEAST(%(run_after)s::timestamptz, GREATEST(enqueued_at + %(max_wait)s::interval, run_after)) END
"""
# Without a word on it the expiry is never earlier than before: a snooze or the pause after a failure may have
# brought the time to run close to it, or past it.
_PUT_OFF = f"""
    run_after = {_NEW_RUN_AFTER},
    expires_at = CASE WHEN %(lasts)s::interval IS NULL
        THEN GREATEST(expires_at, {_NEW_RUN_AFTER} + (expires_at - run_after))
        ELSE {_NEW_RUN_AFTER} + %(lasts)s::interval END,
    payload = %(payload)s::jsonb, checkpoint = NULL, progress = NULL
"""
DEBOUNCE = f"""
WITH released AS (
    UPDATE tasks_core_task SET {_PUT_OFF}, state = 'SCHEDULED', queued_at = NULL
    WHERE unique_key = %(unique_key)s AND state = 'QUEUED'
      AND (%(max_wait)s::interval IS NULL OR enqueued_at + %(max_wait)s::interval > %(now)s)
    RETURNING id, task_type, attempts
), put_off AS (
    UPDATE tasks_core_task SET {_PUT_OFF}
    WHERE unique_key = %(unique_key)s AND state IN ('SCHEDULED', 'RETRYING')
    RETURNING id, task_type, attempts
), kept AS (
    UPDATE tasks_core_task SET payload = %(payload)s::jsonb, checkpoint = NULL, progress = NULL
    WHERE unique_key = %(unique_key)s AND state = 'QUEUED'
      AND enqueued_at + %(max_wait)s::interval <= %(now)s
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s, '{{"reason": "put off"}}'::jsonb FROM released
    UNION ALL
    SELECT id, task_type, 'rescheduled', attempts, %(now)s, NULL FROM put_off
    UNION ALL
    SELECT id, task_type, 'replaced', attempts, %(now)s, NULL FROM kept
)
SELECT id FROM released UNION ALL SELECT id FROM put_off UNION ALL SELECT id FROM kept
"""  # noqa: S608 its parts stand in this file


def replace_payload(unique_key: str, payload: str, *, now: datetime) -> bool:
    """Return the unstarted task with this key another payload; False if there is none."""
    return bool(fetch(REPLACE, {"unique_key": unique_key, "payload": payload, "now": now}))


def debounce(
    unique_key: str,
    payload: str,
    *,
    run_after: datetime,
    expires_at: datetime | None,
    max_wait: timedelta | None,
    now: datetime,
) -> bool:
    """Put the unstarted task with this key off, with the newest payload; False if there is none.

    Its expiry moves along: it is as long after the time to run as it is in the call, or else as before.
    """
    parameters = {
        "unique_key": unique_key,
        "payload": payload,
        "run_after": run_after,
        "lasts": None if expires_at is None else expires_at - run_after,
        "max_wait": max_wait,
        "now": now,
    }
    # A dispatcher may queue it just now: then the first look finds it neither waiting nor queued.
    return bool(fetch(DEBOUNCE, parameters) or fetch(DEBOUNCE, parameters))
