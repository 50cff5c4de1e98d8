"""Attempts that end in the lanes of their endpoints, and others that begin in their places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from notifications.channel_api.sendable import NotSendable, Sendable
from notifications.rules.endpoint_lane import EndedAttempt
from notifications.rules.outcome import Outcome
from notifications.sending.coalescing import CROWD
from notifications.sending.endpoint_lanes.admission import admit_deliveries
from notifications.sending.endpoint_lanes.release import release
from notifications.sending.pipeline.begin import BEGUN_ALREADY, LOCKED, begin, first_tasks
from notifications.sending.pipeline.record import Ended, StillLocked, record
from tasks_core.database.errors import is_lock_timeout, is_servers_fault


class Asked(NamedTuple):
    """A delivery whose task wants to make an attempt."""

    delivery_id: int
    task_id: int
    lane: int | None = None
    """The endpoint in whose lane it goes, if nothing else can hold it back; None: that is looked up."""


Turn = Asked | Ended
Answer = Sendable | NotSendable | Exception | None
"""What an attempt that begins needs; of one that ended there is nothing to say. An error is for the one
whose turn it was."""


def take_turns(turns: Sequence[Turn]) -> list[Answer]:
    """Record the attempts that have ended, and begin those whose lane has room; the others wait."""
    ended = [one for one in turns if isinstance(one, Ended)]
    asked = [one for one in turns if isinstance(one, Asked)]
    unrecorded = _record(ended)
    recorded = [one for one in ended if one.delivery_id not in unrecorded]
    # A crowd has successors, which ask in the next call: whoever ends makes room for them in the worker.
    keeps = len(ended) >= CROWD
    found = iter(_begin(asked, _by_endpoint(recorded), keeps=keeps))
    return [
        unrecorded.get(one.delivery_id) if isinstance(one, Ended) else next(found) for one in turns
    ]


def _record(ended: Sequence[Ended]) -> dict[int, Exception]:
    """Record attempts; what is wrong with one, by delivery, must not keep others from beginning."""
    try:
        left = record(ended) if ended else []
    except Exception as error:  # noqa: BLE001 see above
        if len(ended) == 1 or is_servers_fault(error):
            return {one.delivery_id: error for one in ended}
        # It is about one of them; those that are on record already are known, and count once.
        return {pk: problem for one in ended for pk, problem in _record([one]).items()}
    return {one.delivery_id: StillLocked(f"delivery {one.delivery_id}") for one in left}


def _begin(
    asked: Sequence[Asked], ended: dict[int, list[EndedAttempt]], *, keeps: bool
) -> Sequence[Sendable | NotSendable | Exception]:
    try:
        return begin_in_lanes(asked, ended, keeps=keeps)
    except Exception as error:  # noqa: BLE001 what has ended is on record
        return [LOCKED if is_lock_timeout(error) else error] * len(asked)


def begin_in_lanes(
    asked: Sequence[Asked], ended: dict[int, list[EndedAttempt]], *, keeps: bool = False
) -> list[Sendable | NotSendable]:
    """Begin an attempt for each delivery whose lane has room; the others wait.

    Args:
        asked: deliveries and their tasks; of two for one delivery only the first begins.
        ended: attempts on record whose places come free, by endpoint.
        keeps: whether those may be kept for deliveries that are about to ask.
    """
    if not (asked or ended):
        return []
    first = first_tasks((one.delivery_id, one.task_id) for one in asked)
    lanes = {one.delivery_id: one.lane for one in asked if one.lane is not None}
    admitted = admit_deliveries(first, ended, keeps=keeps, lanes=lanes)
    begun = begin(
        {pk: task for pk, task in first.items() if pk not in admitted.waits},
        slot=admitted.slot,
        free=admitted.free,
    )
    found: dict[int, Sendable | NotSendable] = {**admitted.waits, **begun}
    unused = [pk for pk, one in begun.items() if isinstance(one, NotSendable)]
    if unused:
        _release_unused(
            [admitted.endpoints[pk] for pk in unused if pk in admitted.endpoints], admitted.slot
        )
    return [
        found[delivery_id] if first[delivery_id] == task_id else BEGUN_ALREADY
        for delivery_id, task_id, _ in asked
    ]


def _by_endpoint(attempts: Iterable[Ended]) -> dict[int, list[EndedAttempt]]:
    """Return what lanes need to know of attempts."""
    by_endpoint: dict[int, list[EndedAttempt]] = defaultdict(list)
    for one in attempts:
        if one.endpoint_id is not None:
            by_endpoint[one.endpoint_id].append(
                EndedAttempt(
                    slot=one.slot,
                    outcome=one.result.outcome,
                    error=one.result.error,
                    status_code=one.result.status_code,
                    retry_after=one.result.retry_after,
                )
            )
    return by_endpoint


def _release_unused(endpoint_ids: Iterable[int], slot: int) -> None:
    """Give back places of deliveries that had ended meanwhile: nothing was sent, nothing is learnt."""
    by_endpoint: dict[int, list[EndedAttempt]] = defaultdict(list)
    for endpoint_id in endpoint_ids:
        by_endpoint[endpoint_id].append(EndedAttempt(slot=slot, outcome=Outcome.EXPIRED))
    release(by_endpoint)
