"""Read django-celery-beat's tables, and write into them what its admin shows of runs."""

from collections.abc import Sequence
from datetime import datetime

from tasks_core.database import fetch

ANYTHING = """
SELECT EXISTS (SELECT FROM django_celery_beat_periodictask)
    OR EXISTS (SELECT FROM tasks_core_periodictaskmirror)
"""

# One beat at a time; a second one leaves it to the first. Nothing but work rests on it.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tasks_core.periodic_tasks'))"
LOCK = "SELECT pg_advisory_xact_lock(hashtext('tasks_core.periodic_tasks'))::text"

# Everything that makes the schedule, and nothing that a run changes. It is compared in the database, so a
# look at ten thousand rows of which none has changed brings back none.
CHANGED = """
SELECT COALESCE(seen.id, mirror.periodic_task_id), seen.digest
FROM (
    SELECT task.id, hashtextextended(
        ROW(
            task.name, task.task, task.args, task.kwargs, task.queue, task.exchange, task.routing_key,
            task.headers, task.priority, task.expires, task.expire_seconds, task.one_off, task.start_time,
            task.enabled, task.description,
            interval.every, interval.period,
            crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year,
            crontab.day_of_week, crontab.timezone,
            solar.event, solar.latitude, solar.longitude,
            clocked.clocked_time
        )::text,
        %(seed)s::bigint
    ) AS digest
    FROM django_celery_beat_periodictask AS task
    LEFT JOIN django_celery_beat_intervalschedule AS interval ON interval.id = task.interval_id
    LEFT JOIN django_celery_beat_crontabschedule AS crontab ON crontab.id = task.crontab_id
    LEFT JOIN django_celery_beat_solarschedule AS solar ON solar.id = task.solar_id
    LEFT JOIN django_celery_beat_clockedschedule AS clocked ON clocked.id = task.clocked_id
    WHERE %(ids)s::bigint[] IS NULL OR task.id = ANY(%(ids)s::bigint[])
) AS seen
FULL JOIN (
    SELECT periodic_task_id, digest FROM tasks_core_periodictaskmirror
    WHERE %(ids)s::bigint[] IS NULL OR periodic_task_id = ANY(%(ids)s::bigint[])
) AS mirror ON mirror.periodic_task_id = seen.id
WHERE (mirror.periodic_task_id IS NULL OR seen.digest IS DISTINCT FROM mirror.digest)
  AND COALESCE(seen.id, mirror.periodic_task_id) <> ALL(%(apart_from)s::bigint[])
ORDER BY 1
LIMIT %(limit)s
"""

# What Celery does as well: a task that has expired is switched off.
EXPIRE = """
UPDATE django_celery_beat_periodictask SET enabled = false
WHERE enabled AND expires <= %(now)s
RETURNING id
"""

# The admin of django-celery-beat shows these. A one-off task is switched off by its run; that its mirror is
# looked at again is so for one that somebody switches on before the next look.
COUNT = """
WITH ran AS (
    SELECT mirror.periodic_task_id, schedule.id AS schedule_id, schedule.runs,
        schedule.runs - mirror.counted_runs AS count
    FROM tasks_core_periodictaskmirror AS mirror
    JOIN tasks_core_schedule AS schedule ON schedule.id = mirror.schedule_id
    WHERE schedule.runs > mirror.counted_runs
    ORDER BY mirror.periodic_task_id LIMIT %(limit)s
    FOR NO KEY UPDATE OF mirror SKIP LOCKED
), task AS (
    UPDATE django_celery_beat_periodictask AS task SET
        total_run_count = task.total_run_count + ran.count,
        last_run_at = GREATEST(task.last_run_at, (
            SELECT decided_at FROM tasks_core_occurrence AS occurrence
            WHERE occurrence.schedule_id = ran.schedule_id AND occurrence.task_id IS NOT NULL
                AND occurrence.due <= %(now)s
            ORDER BY occurrence.due DESC LIMIT 1
        )),
        enabled = task.enabled AND NOT task.one_off
    FROM ran WHERE task.id = ran.periodic_task_id
    RETURNING task.id, task.one_off
), counted AS (
    UPDATE tasks_core_periodictaskmirror AS mirror SET
        counted_runs = ran.runs,
        digest = CASE WHEN task.one_off THEN NULL ELSE mirror.digest END
    FROM ran LEFT JOIN task ON task.id = ran.periodic_task_id
    WHERE mirror.periodic_task_id = ran.periodic_task_id
    RETURNING 1
)
SELECT count(*) FROM counted
"""

RETRY = """
UPDATE tasks_core_periodictaskmirror SET digest = NULL WHERE problem <> '' RETURNING periodic_task_id
"""


def is_anything_there() -> bool:
    """Tell whether there are periodic tasks at all, or schedules that mirror some."""
    return bool(fetch(ANYTHING, {})[0][0])


def lock(*, wait: bool) -> bool:
    """Keep other processes from following changes until the transaction ends; False if one does already."""
    if wait:
        fetch(LOCK, {})
        return True
    return bool(fetch(TRY_LOCK, {})[0][0])


def changed(
    *, seed: int, limit: int, ids: list[int] | None = None, apart_from: Sequence[int] = ()
) -> dict[int, int | None]:
    """Return periodic tasks that are not as they were when last looked at: their digests, None if gone."""
    parameters = {"seed": seed, "limit": limit, "ids": ids, "apart_from": list(apart_from)}
    return dict(fetch(CHANGED, parameters))


def expire(*, now: datetime) -> int:
    """Switch off periodic tasks whose ``expires`` has come; return how many."""
    return len(fetch(EXPIRE, {"now": now}))


def count_runs(*, limit: int, now: datetime) -> int:
    """Tell periodic tasks of their runs; return how many have run."""
    return int(fetch(COUNT, {"limit": limit, "now": now})[0][0])


def look_again() -> int:
    """Let those that could not be understood be looked at again; return how many."""
    return len(fetch(RETRY, {}))
