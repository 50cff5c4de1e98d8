"""Places given back, what the lane learns, and who comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from notifications import conf
from notifications.rules.endpoint_lane import EndedAttempt, Lane, LaneRule, ended, freed, room
from notifications.sending.endpoint_lanes import rows
from notifications.sending.endpoint_lanes.parking import wake
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.endpoints.disabling import disable_automatically
from tasks_core import clock, database

AT_ONCE = 1_000
"""So many deliveries to one disabled endpoint are woken at a time."""


def release(attempts: Mapping[int, Sequence[EndedAttempt]]) -> None:
    """Give back the places of attempts, by endpoint, and wake as many deliveries as there is room for."""
    if not attempts:
        return
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        found = rows.locked(attempts)
        lanes = {}
        for endpoint_id, (before, rule) in found.items():
            after = ended(before, rule, attempts[endpoint_id], now)
            lanes[endpoint_id] = _with_woken(endpoint_id, after, rule, now)
        rows.write(lanes)
        for endpoint_id, lane in lanes.items():
            places.saw(endpoint_id, lane, found[endpoint_id][1], now)
            if _is_dead(lane, found[endpoint_id][1], now):
                days = conf.current().webhook_disable_after_days
                reason = f"only failures for {_span(days)}; the last one: {lane.last_error}"
                disable_automatically(endpoint_id, reason=reason)


def free(lost: Mapping[int, Sequence[datetime]]) -> None:
    """Give back all that processes had of lanes which have ended: by endpoint, when their attempts began."""
    if not lost:
        return
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        found = rows.locked(lost)
        under_way = rows.under_way(lost)
        lanes = {}
        for endpoint_id, (before, rule) in found.items():
            others = under_way.get(endpoint_id, ())
            after = freed(before, rule, lost=lost[endpoint_id], under_way=others, now=now)
            lanes[endpoint_id] = _with_woken(endpoint_id, after, rule, now)
        rows.write(lanes)


def give_up_places() -> None:
    """Give back the places that this process keeps for deliveries that did not come."""
    kept = places.given_up()
    try:
        release(kept)
    except Exception:
        places.keep(kept)
        raise


def wake_waiting() -> int:
    """Wake what there is room for in all lanes; return how many lanes were looked at."""
    now = clock.now()
    found = rows.waiting()
    aside = set(rows.failing.aside())
    for endpoint_id, (lane, rule) in found.items():
        if endpoint_id in aside:
            continue
        with rows.failing.stepping_past(endpoint_id):
            free = room(lane, rule, now)
            if free and wake(endpoint_id, free) < free:
                _note_that_none_is_parked(endpoint_id)
    for endpoint_id in rows.disabled():
        if endpoint_id not in aside:
            with rows.failing.stepping_past(endpoint_id):
                _wake_to_fail(endpoint_id)
    return len(found)


def _wake_to_fail(endpoint_id: int) -> None:
    """Let what waits for a disabled endpoint learn so now: there will be no room for it."""
    with transaction.atomic(using=database.alias()):
        [(lane, _)] = rows.locked([endpoint_id]).values()
        if wake(endpoint_id, AT_ONCE) < AT_ONCE:
            rows.write({endpoint_id: replace(lane, has_parked=False)})


def _note_that_none_is_parked(endpoint_id: int) -> None:
    with transaction.atomic(using=database.alias()):
        [(lane, rule)] = rows.locked([endpoint_id]).values()
        rows.write({endpoint_id: _with_woken(endpoint_id, lane, rule, clock.now())})


def _with_woken(endpoint_id: int, lane: Lane, rule: LaneRule, now: datetime) -> Lane:
    """Wake what there is room for, under the lane's lock: nobody parks a delivery meanwhile."""
    free = room(lane, rule, now) if lane.has_parked else 0
    if free and wake(endpoint_id, free) < free:
        return replace(lane, has_parked=False)
    return lane


def _is_dead(lane: Lane, rule: LaneRule, now: datetime) -> bool:
    days = conf.current().webhook_disable_after_days
    if not days or lane.failing_since is None:
        return False
    return now - lane.failing_since >= timedelta(days=days)


def _span(days: float) -> str:
    """Write a number of days; one of seconds where it is a rehearsal."""
    return f"{days:g} days" if days >= 1 else f"{days * 86_400:.0f} seconds"
