"""The health of providers as rows: read, read under a lock, and written back."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from notifications import conf
from notifications.rules.gcra import Pace
from notifications.sending.endpoint_lanes.sound import sound_pause, sound_rate, sound_state
from notifications.sending.providers.health import Health, HealthRule
from tasks_core import database
from tasks_core.database.bounded_locks import BOUNDED
from tasks_core.engine.breaker import Breaker, BreakerRule
from tasks_core.sql.calendar import readable

PATIENCE_MARGIN = 15.0
"""Seconds that a message may take beyond its own time limit, before and after the exchange."""

_OPEN = """
INSERT INTO notifications_providerhealth
    (provider_id, breaker, failures, openings, pauses, last_error)
SELECT id, 'closed', 0, 0, 0, '' FROM notifications_provider WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (provider_id) DO NOTHING
"""

_FORM = """
SELECT p.id, p.name, coalesce(h.breaker, 'closed'), coalesce(h.failures, 0), coalesce(h.openings, 0),
       {breaker_until}, {next_at}, {promised_at}, {paused_until}, coalesce(h.pauses, 0),
       coalesce(h.last_error, ''), {last_error_at}, {rate}, p.breaker_threshold, {pause}
FROM notifications_provider p {join} JOIN notifications_providerhealth h ON h.provider_id = p.id
WHERE {condition} p.id = ANY(%s) ORDER BY p.id
"""
_INSTANTS = ("breaker_until", "next_at", "promised_at", "paused_until", "last_error_at")
_read = partial(
    _FORM.format,
    rate=sound_rate("p.rate_limit"),
    pause=sound_pause("p.breaker_pause"),
    **{name: readable(f"h.{name}") for name in _INSTANTS},
)
_PLAIN = _read(join="LEFT", condition="")
_LOCKED = _read(join="", condition=f"{BOUNDED} AND") + "FOR UPDATE OF h"

_WRITE = """
UPDATE notifications_providerhealth h
SET breaker = r.breaker, failures = r.failures, openings = r.openings,
    breaker_until = r.breaker_until, next_at = r.next_at, promised_at = r.promised_at,
    paused_until = r.paused_until, pauses = r.pauses, last_error = r.last_error,
    last_error_at = r.last_error_at
FROM jsonb_to_recordset(%s::jsonb) AS r (
    provider_id bigint, breaker text, failures int, openings int, breaker_until timestamptz,
    next_at timestamptz, promised_at timestamptz, paused_until timestamptz, pauses int,
    last_error text, last_error_at timestamptz)
WHERE h.provider_id = r.provider_id
"""


class Known(NamedTuple):
    """What is known of a provider."""

    name: str
    health: Health
    rule: HealthRule


def read(provider_ids: Iterable[int]) -> dict[int, Known]:
    """Read how providers do, without waiting for anybody."""
    with database.connection().cursor() as cursor:
        cursor.execute(_PLAIN, [sorted(set(provider_ids))])
        return dict(_loaded(row) for row in cursor.fetchall())


def locked(provider_ids: Iterable[int]) -> dict[int, Known]:
    """Lock rows until the end of the transaction, in one order everywhere; missing ones are made."""
    wanted = sorted(set(provider_ids))
    with database.connection().cursor() as cursor:
        cursor.execute(_LOCKED, [wanted])
        found = [_loaded(row) for row in cursor.fetchall()]
        if len(found) < len(wanted):
            cursor.execute(_OPEN, [wanted])
            cursor.execute(_LOCKED, [wanted])
            found = [_loaded(row) for row in cursor.fetchall()]
    return dict(found)


def write(healths: Mapping[int, Health]) -> None:
    """Write rows back that this transaction has locked."""
    if healths:
        with database.connection().cursor() as cursor:
            cursor.execute(_WRITE, [json.dumps([_row(pk, one) for pk, one in healths.items()])])


def _loaded(row: tuple[Any, ...]) -> tuple[int, Known]:
    provider_id, name, state, failures, openings, until, next_at, promised_at = row[:8]
    paused_until, pauses, last_error, last_error_at, rate_limit, threshold, pause = row[8:]
    health = Health(
        breaker=Breaker(
            state=sound_state(state), failures=failures, openings=openings, until=until
        ),
        pace=Pace(next_at, promised_at),
        paused_until=paused_until,
        pauses=pauses,
        last_error=last_error,
        last_error_at=last_error_at,
    )
    rule = HealthRule(
        rate_limit=rate_limit,
        breaker=BreakerRule(threshold=threshold, pause=pause, longest_pause=max(pause, 3_600.0)),
        patience=conf.current().outgoing_total_timeout + PATIENCE_MARGIN,
    )
    return provider_id, Known(name, health, rule)


def _row(provider_id: int, health: Health) -> dict[str, Any]:
    return {
        "provider_id": provider_id,
        "breaker": health.breaker.state.value,
        "failures": health.breaker.failures,
        "openings": health.breaker.openings,
        "breaker_until": _text(health.breaker.until),
        "next_at": _text(health.pace.next_at),
        "promised_at": _text(health.pace.promised_at),
        "paused_until": _text(health.paused_until),
        "pauses": health.pauses,
        "last_error": health.last_error,
        "last_error_at": _text(health.last_error_at),
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
