"""When a periodic task is due, in the keywords of a schedule."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import current_app

from tasks_core.engine.schedule.bounds import JUST
from tasks_core.exceptions import InvalidSchedule
from tasks_core.schedules.periodic_tasks.crontab import cron_expression

KINDS = ("crontab", "interval", "clocked", "solar")
GRACE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def timing(row: Any) -> dict[str, Any]:
    """Return the keywords that say when ``row``, a ``PeriodicTask``, is due.

    Raises:
        InvalidSchedule: the row has no schedule, several, or one that cannot be.
    """
    given = [kind for kind in KINDS if getattr(row, kind) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "none"
        raise InvalidSchedule(f"one of {', '.join(KINDS)} must be set, there is {said}")
    return {
        "timezone": "UTC",
        "matches_both_days": True,
        "start_at": row.start_time,
        "end_at": row.expires
        and row.expires - JUST,  # from that instant on, Celery does not run it
        "misfire": "run_once",
        "misfire_grace": GRACE,
        "misfire_max_age": None,
        "overlap": "allow",
        **_KINDS[given[0]](row),
    }


def _crontab(row: Any) -> dict[str, Any]:
    deadline = current_app.conf.beat_cron_starting_deadline
    return {
        "cron": cron_expression(row.crontab),
        "timezone": str(row.crontab.timezone),
        "misfire_max_age": max(timedelta(seconds=deadline), GRACE) if deadline else None,
    }


def _interval(row: Any) -> dict[str, Any]:
    try:
        period = timedelta(**{row.interval.period: row.interval.every})
    except (TypeError, OverflowError):
        raise InvalidSchedule(
            f"interval: every {row.interval.every} {row.interval.period} is out of range"
        ) from None
    if period < SECOND:
        raise InvalidSchedule(
            f"interval: every {row.interval.every} {row.interval.period} is shorter than a second; "
            "let a task that runs each second do several steps"
        )
    # With more than one tick within the grace, a late beat would run them all, and Celery runs one.
    return {"every": period, "misfire_grace": min(period, GRACE)}


def _clocked(row: Any) -> dict[str, Any]:
    if not row.one_off:
        raise InvalidSchedule("clocked must be one-off: set one_off")
    at = row.clocked.clocked_time
    return {"at": at, "anchor": at - SECOND}


def _solar(row: Any) -> dict[str, Any]:
    place = row.solar
    return {"solar": f"{place.event} {place.latitude} {place.longitude}"}


_KINDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "crontab": _crontab,
    "interval": _interval,
    "clocked": _clocked,
    "solar": _solar,
}
