"""Attempts that begin and end in the lanes of their endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from notifications.channels.outcome import Outcome
from notifications.lanes.admission import admit_deliveries
from notifications.lanes.lane import EndedAttempt
from notifications.lanes.release import release
from notifications.pipeline.begin import BEGUN_ALREADY, begin, first_tasks
from notifications.pipeline.record import Ended
from notifications.pipeline.sendable import NotSendable, Sendable


def begin_in_lanes(asked: Sequence[tuple[int, int]]) -> list[Sendable | NotSendable]:
    """Begin an attempt for each pair of delivery and task whose lane has room; the others wait."""
    first = first_tasks(asked)
    admitted = admit_deliveries(first)
    begun = begin(
        {pk: task for pk, task in first.items() if pk not in admitted.waits}, slot=admitted.slot
    )
    found: dict[int, Sendable | NotSendable] = {**admitted.waits, **begun}
    unused = [pk for pk, one in begun.items() if isinstance(one, NotSendable)]
    if unused:
        _release_unused(
            [admitted.endpoints[pk] for pk in unused if pk in admitted.endpoints], admitted.slot
        )
    return [
        found[delivery_id] if first[delivery_id] == task_id else BEGUN_ALREADY
        for delivery_id, task_id in asked
    ]


def give_places_back(attempts: Iterable[Ended]) -> None:
    """Tell the lanes how attempts ended."""
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
    release(by_endpoint)


def _release_unused(endpoint_ids: Iterable[int], slot: int) -> None:
    """Give back places of deliveries that had ended meanwhile: nothing was sent, nothing is learnt."""
    by_endpoint: dict[int, list[EndedAttempt]] = defaultdict(list)
    for endpoint_id in endpoint_ids:
        by_endpoint[endpoint_id].append(EndedAttempt(slot=slot, outcome=Outcome.EXPIRED))
    release(by_endpoint)
