"""Lanes as rows: read under a lock, and written back."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from notifications import conf
from notifications.rules.endpoint_lane import Lane, LaneRule
from notifications.rules.gcra import Pace
from notifications.sending.endpoint_lanes.sound import sound_pause, sound_rate, sound_state
from notifications.task_payloads import DELIVER_WEBHOOK
from tasks_core import database
from tasks_core.database import fetch_often
from tasks_core.database.bounded_locks import BOUNDED
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.engine.breaker import Breaker, BreakerRule
from tasks_core.sql.calendar import readable

PATIENCE_MARGIN = 15.0
"""Seconds that an attempt may take beyond its own time limit, before and after the exchange."""

_OPEN = """
INSERT INTO notifications_endpointlane
    (endpoint_id, taken, breaker, failures, openings, last_error, has_parked)
SELECT id, '{}', 'closed', 0, 0, '', false FROM notifications_endpoint WHERE id = ANY(%s)
ON CONFLICT (endpoint_id) DO NOTHING
"""

_COLUMNS = f"""
SELECT l.endpoint_id, l.taken::text, l.breaker, l.failures, l.openings, {readable("l.breaker_until")},
       {readable("l.next_at")}, {readable("l.promised_at")}, {readable("l.paused_until")},
       {readable("l.failing_since")}, l.last_error, {readable("l.last_error_at")}, l.has_parked,
       e.max_concurrency, {sound_rate("e.rate_limit")}, e.breaker_threshold,
       {sound_pause("e.breaker_pause")}, e.enabled
"""
_FROM = "FROM notifications_endpointlane l JOIN notifications_endpoint e ON e.id = l.endpoint_id\n"
_READ = _COLUMNS + _FROM

# The commit does not wait for the disk, and so the next process not for it: should the database crash at that
# moment, places that were given back come free when their time is over.
_LOCKED = f"""
{_COLUMNS}, set_config('synchronous_commit', 'off', true)
{_FROM} WHERE {BOUNDED} AND l.endpoint_id = ANY(%(ids)s::bigint[])
ORDER BY l.endpoint_id FOR UPDATE OF l
"""
_WAITING = _READ + "WHERE l.has_parked AND e.enabled ORDER BY l.endpoint_id"
_ONE = _READ + "WHERE l.endpoint_id = %s"

_DISABLED = """
SELECT l.endpoint_id
FROM notifications_endpointlane l JOIN notifications_endpoint e ON e.id = l.endpoint_id
WHERE l.has_parked AND NOT e.enabled ORDER BY l.endpoint_id
"""

_WRITE = """
UPDATE notifications_endpointlane l
SET taken = r.taken, breaker = r.breaker, failures = r.failures, openings = r.openings,
    breaker_until = r.breaker_until, next_at = r.next_at, promised_at = r.promised_at,
    paused_until = r.paused_until, failing_since = r.failing_since, last_error = r.last_error,
    last_error_at = r.last_error_at, has_parked = r.has_parked
FROM jsonb_to_recordset(%(lanes)s::jsonb) AS r (
    endpoint_id bigint, taken jsonb, breaker text, failures int, openings int,
    breaker_until timestamptz, next_at timestamptz, promised_at timestamptz,
    paused_until timestamptz, failing_since timestamptz, last_error text,
    last_error_at timestamptz, has_parked bool)
WHERE l.endpoint_id = r.endpoint_id
RETURNING l.endpoint_id
"""

_UNDER_WAY = """
SELECT d.endpoint_id, a.started_at
FROM tasks_core_task t
JOIN notifications_delivery d ON d.id = (t.payload ->> 'delivery')::bigint
JOIN notifications_deliveryattempt a
    ON a.delivery_id = d.id AND a.number = d.attempts AND a.finished_at IS NULL
WHERE t.state = 'RUNNING' AND t.task_type = %(type)s AND d.endpoint_id = ANY(%(ids)s::bigint[])
"""

failing = RowBackoff(
    "the lane of endpoint {} cannot be served", "See its row in the admin, or disable the endpoint."
)

Rows = dict[int, tuple[Lane, LaneRule]]
"""Lanes and what they are set to, by endpoint."""


def locked(endpoint_ids: Iterable[int]) -> Rows:
    """Lock lanes until the end of the transaction, in one order everywhere; new ones are made.

    An endpoint that is gone has none.
    """
    wanted = sorted(set(endpoint_ids))
    found = fetch_often(_LOCKED, {"ids": wanted})
    if len(found) < len(wanted):
        with database.connection().cursor() as cursor:
            cursor.execute(_OPEN, [wanted])
        found = fetch_often(_LOCKED, {"ids": wanted})
    return dict(_loaded(row[:-1]) for row in found)


def waiting() -> Rows:
    """Read the lanes of enabled endpoints in which deliveries may wait for room."""
    with database.connection().cursor() as cursor:
        cursor.execute(_WAITING)
        return dict(_loaded(row) for row in cursor.fetchall())


def disabled() -> list[int]:
    """Return the disabled endpoints in whose lanes deliveries may wait for room."""
    with database.connection().cursor() as cursor:
        cursor.execute(_DISABLED)
        return [row[0] for row in cursor.fetchall()]


def read(endpoint_id: int) -> tuple[Lane, LaneRule] | None:
    """Read one lane; None if nothing was sent to the endpoint yet."""
    with database.connection().cursor() as cursor:
        cursor.execute(_ONE, [endpoint_id])
        row = cursor.fetchone()
    return None if row is None else _loaded(row)[1]


def under_way(endpoint_ids: Iterable[int]) -> dict[int, list[datetime]]:
    """Return when the attempts began that are under way, by endpoint: those whose tasks run."""
    found: dict[int, list[datetime]] = defaultdict(list)
    parameters: dict[str, Any] = {"type": DELIVER_WEBHOOK, "ids": sorted(set(endpoint_ids))}
    with database.connection().cursor() as cursor:
        cursor.execute(_UNDER_WAY, parameters)
        for endpoint_id, started_at in cursor.fetchall():
            found[endpoint_id].append(started_at)
    return found


def write(lanes: Mapping[int, Lane]) -> None:
    """Write lanes back that this transaction has locked."""
    if lanes:
        fetch_often(_WRITE, {"lanes": json.dumps([_row(pk, lane) for pk, lane in lanes.items()])})


def _places(taken: str) -> dict[int, int]:
    """Read how many places each slot has taken: none if that cannot be read, as it must not stop the lane."""
    try:
        return {int(slot): int(count) for slot, count in json.loads(taken).items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}


def _loaded(row: tuple[Any, ...]) -> tuple[int, tuple[Lane, LaneRule]]:
    endpoint_id, taken, state, failures, openings, until, next_at, promised_at = row[:8]
    paused_until, failing_since, last_error, last_error_at, has_parked = row[8:13]
    max_concurrency, rate_limit, threshold, pause, is_enabled = row[13:]
    lane = Lane(
        taken=_places(taken),
        breaker=Breaker(
            state=sound_state(state), failures=failures, openings=openings, until=until
        ),
        pace=Pace(next_at, promised_at),
        paused_until=paused_until,
        failing_since=failing_since,
        last_error=last_error,
        last_error_at=last_error_at,
        has_parked=has_parked,
    )
    rule = LaneRule(
        is_enabled=is_enabled,
        max_concurrency=max_concurrency,
        rate_limit=rate_limit,
        breaker=BreakerRule(threshold=threshold, pause=pause, longest_pause=max(pause, 3_600.0)),
        patience=conf.current().outgoing_total_timeout + PATIENCE_MARGIN,
    )
    return endpoint_id, (lane, rule)


def _row(endpoint_id: int, lane: Lane) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
        "taken": dict(lane.taken),
        "breaker": lane.breaker.state.value,
        "failures": lane.breaker.failures,
        "openings": lane.breaker.openings,
        "breaker_until": _text(lane.breaker.until),
        "next_at": _text(lane.pace.next_at),
        "promised_at": _text(lane.pace.promised_at),
        "paused_until": _text(lane.paused_until),
        "failing_since": _text(lane.failing_since),
        "last_error": lane.last_error,
        "last_error_at": _text(lane.last_error_at),
        "has_parked": lane.has_parked,
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
