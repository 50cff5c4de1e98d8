"""Which deliveries may start, and what the tasks of the others do meanwhile."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from notifications.channel_api.sendable import NotSendable
from notifications.rules.endpoint_lane import Admission, EndedAttempt, admit, slot_of
from notifications.sending.endpoint_lanes import rows
from notifications.sending.endpoint_lanes.parking import LANE, ORDER, Parked, park
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.endpoint_lanes.release import release
from notifications.states import DeliveryState
from tasks_core import clock, database
from tasks_core.database import fetch_often

# Of messages with the same order key only the first unfinished one may go out.
_ASKED = """
SELECT d.id, d.endpoint_id,
       n.recipient_id IS NOT NULL OR n.condition <> '',
       n.order_key <> '' AND EXISTS (
           SELECT 1 FROM notifications_notification p
           WHERE p.endpoint_id = n.endpoint_id AND p.order_key = n.order_key AND p.order_key <> ''
             AND (p.run_after, p.id) < (n.run_after, n.id)
             AND p.state IN ('accepted', 'in_progress')
       )
FROM notifications_delivery d
JOIN notifications_notification n ON n.id = d.notification_id
JOIN notifications_endpoint e ON e.id = d.endpoint_id
WHERE d.id = ANY(%(ids)s::bigint[]) AND d.state IN ('rendered', 'sending', 'failed') AND e.enabled
ORDER BY d.id
"""

BEHIND = "an earlier message with the same order key has not ended"
MOMENT = 0.05
"""Seconds until another look, where the earlier message has just ended."""


class _Asked(NamedTuple):
    delivery_id: int
    endpoint_id: int
    may_be_held: bool
    is_behind: bool


@dataclass(frozen=True)
class Admitted:
    """What came of it.

    Attributes:
        slot: the slot of time in which places were taken.
        waits: the deliveries that may not start yet.
        endpoints: the lanes in which the others have places, by delivery.
        free: deliveries that nothing else can hold back: no wish of a recipient, no condition.
    """

    slot: int
    waits: dict[int, NotSendable] = field(default_factory=dict)
    endpoints: dict[int, int] = field(default_factory=dict)
    free: set[int] = field(default_factory=set)


def admit_deliveries(
    asked: Mapping[int, int],
    ended: Mapping[int, Sequence[EndedAttempt]] | None = None,
    *,
    keeps: bool = False,
    lanes: Mapping[int, int] | None = None,
) -> Admitted:
    """Take places in the lanes for deliveries, given with their tasks; what finds none is parked.

    A delivery of a disabled endpoint, or one that has ended, takes no place: it fails or ends by itself.

    Args:
        asked: the tasks by delivery.
        ended: attempts that have ended, by endpoint; their places are given back, or change hands.
        keeps: whether places may be kept for deliveries that are about to ask; see ``places``.
        lanes: the endpoints of deliveries that nothing but their lane can hold back; the others are
            looked up.
    """
    now = clock.now()
    wanted = _wanted(asked, lanes or {})
    admitted = Admitted(
        slot_of(now), free={one.delivery_id for one in wanted if not one.may_be_held}
    )
    behind = [one.delivery_id for one in wanted if one.is_behind]
    if behind:
        admitted.waits.update(_in_order(behind, asked))
    by_lane: dict[int, list[int]] = defaultdict(list)
    for one in wanted:
        if not one.is_behind:
            by_lane[one.endpoint_id].append(one.delivery_id)
            admitted.endpoints[one.delivery_id] = one.endpoint_id
    turns = places.exchange(by_lane, ended or {}, now, keeps=keeps)
    release(turns.left)
    without = {
        endpoint_id: rest
        for endpoint_id, deliveries in by_lane.items()
        if (rest := deliveries[len(turns.taken.get(endpoint_id, ())) :])
    }
    if without:
        admitted.waits.update(_in_lanes(without, asked, now))
    for delivery_id in admitted.waits:
        admitted.endpoints.pop(delivery_id, None)
    return admitted


def _wanted(asked: Mapping[int, int], lanes: Mapping[int, int]) -> list[_Asked]:
    known = [_Asked(pk, lanes[pk], False, False) for pk in asked if pk in lanes]
    unknown = [pk for pk in asked if pk not in lanes]
    return [*known, *(_read(unknown) if unknown else ())]


def _read(delivery_ids: list[int]) -> list[_Asked]:
    return [_Asked(*row) for row in fetch_often(_ASKED, {"ids": delivery_ids})]


def _in_order(behind: list[int], asked: Mapping[int, int]) -> Iterator[tuple[int, NotSendable]]:
    """Park what is behind an earlier message; look again then, because that may have ended meanwhile."""
    patience = park([Parked(pk, asked[pk], ORDER) for pk in behind])
    still = {one.delivery_id for one in _read(behind) if one.is_behind}
    for pk in behind:
        yield pk, _waits(patience if pk in still else MOMENT, BEHIND)


def _in_lanes(
    by_lane: Mapping[int, Sequence[int]], asked: Mapping[int, int], now: datetime
) -> Iterator[tuple[int, NotSendable]]:
    """Take places; park what finds none before the lanes are unlocked, so that nobody overlooks it."""
    with transaction.atomic(using=database.alias()):
        found = rows.locked(by_lane)
        # What goes to an endpoint that is disabled or gone fails by itself, and needs no room for that.
        by_lane = {
            endpoint_id: deliveries
            for endpoint_id, deliveries in by_lane.items()
            if endpoint_id in found and found[endpoint_id][1].is_enabled
        }
        admissions = {
            endpoint_id: admit(*found[endpoint_id], len(deliveries), now)
            for endpoint_id, deliveries in by_lane.items()
        }
        rows.write({pk: admission.lane for pk, admission in admissions.items()})
        for pk, admission in admissions.items():
            places.saw(pk, admission.lane, found[pk][1], now)
        refused = list(_refused(by_lane, admissions))
        sleeping = [Parked(pk, asked[pk], LANE) for pk, seconds, _ in refused if seconds is None]
        patience = park(sleeping) if sleeping else 0.0
    for pk, seconds, reason in refused:
        yield pk, _waits(patience if seconds is None else seconds, reason)


def _refused(
    by_lane: Mapping[int, Sequence[int]], admissions: Mapping[int, Admission]
) -> Iterator[tuple[int, float | None, str]]:
    """Return the deliveries that may not start, the seconds to wait (None: until woken), and why."""
    for endpoint_id, deliveries in by_lane.items():
        admission = admissions[endpoint_id]
        for position, delivery_id in enumerate(deliveries[admission.count :]):
            seconds = admission.waits[position] if admission.waits is not None else None
            yield delivery_id, seconds, admission.reason


def _waits(seconds: float, reason: str) -> NotSendable:
    return NotSendable(DeliveryState.SENDING, reason, wait=seconds)
