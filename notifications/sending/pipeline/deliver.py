"""Last step: begin the attempt, send, record, and say what follows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from notifications.channel_api.sendable import NotSendable, Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.coalescing import Coalescer
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.endpoint_lanes.release import give_up_places
from notifications.sending.pipeline.begin import begin_each, give_back
from notifications.sending.pipeline.lanes import Asked, Turn, take_turns
from notifications.sending.pipeline.record import (
    AGAIN_SECONDS,
    PATIENCE_SECONDS,
    Ended,
    StillLocked,
    record_patiently,
)
from notifications.sending.pipeline.sending import send_async, send_now
from notifications.sending.pipeline.verdict import conclude, nothing_to_send
from notifications.states import DeliveryState
from tasks_core import clock
from tasks_core.worker.event_loop import is_given_up

MOMENT = 1.0
"""Seconds until a message comes back that nobody said more about."""

CUT_OFF = SendResult(
    outcome=Outcome.AMBIGUOUS, error="it ran too long while it was sent; it may have arrived"
)
CUT_OFF_SECONDS = 5.0
"""How long it is tried to put that on record: its time is over."""


def deliver(
    delivery_id: int, task_id: int, send: Callable[[Sendable], SendResult]
) -> dict[str, str]:
    """Make one attempt with a synchronous channel; return the task's result."""
    [found] = begin_each([(delivery_id, task_id)])
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    result = send_now(found, send)
    if result.untried:
        give_back([found])
        return nothing_to_send(postponed(found, result))
    record_patiently([ended(found, started_at, result)])
    return conclude(found, result)


async def deliver_async(
    asked: Asked, send: Callable[[Sendable], Awaitable[SendResult]]
) -> dict[str, str]:
    """Make one attempt with an asynchronous channel; return the task's result.

    Beginnings and ends of concurrent deliveries are written together. A delivery to an endpoint in whose
    lane there is no room gives its place in the worker up at once.
    """
    found = await _take_turn(asked)
    assert found is not None  # that is for those who end
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    try:
        result = await send_async(found, send)
    except asyncio.CancelledError:
        if not is_given_up():  # else the worker stops, and the next attempt says so
            await _record_cut_off(ended(found, started_at, CUT_OFF))
        raise
    if result.untried:
        await _give_back_together(found)
        return nothing_to_send(postponed(found, result))
    attempt = ended(found, started_at, result)
    try:
        await _take_turn(attempt)
    except StillLocked:
        await _record_later(attempt)
    return conclude(found, result)


async def _record_cut_off(attempt: Ended) -> None:
    """Put an attempt on record that ran too long, so that its place comes free now and not by its age."""
    with suppress(Exception):  # then the next attempt says so
        async with asyncio.timeout(CUT_OFF_SECONDS):
            await _take_turn(attempt)


async def _record_later(attempt: Ended) -> None:
    """Put an attempt on record whose delivery is locked by somebody else."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            await _take_turn(attempt)
        except StillLocked:
            if time.monotonic() > until:
                raise
        else:
            return


def ended(sendable: Sendable, started_at: datetime, result: SendResult) -> Ended:
    """Describe an attempt that has just ended."""
    return Ended(
        delivery_id=sendable.delivery_id,
        number=sendable.number,
        channel=sendable.channel,
        started_at=started_at,
        finished_at=clock.now(),
        result=result,
        has_fallback=sendable.has_fallback,
        endpoint_id=sendable.receiver.endpoint_id if sendable.receiver else None,
        slot=sendable.slot,
    )


def postponed(sendable: Sendable, result: SendResult) -> NotSendable:
    """Return when a message comes back that nobody took, though nothing is wrong with it."""
    wait = result.retry_after or MOMENT
    return NotSendable(DeliveryState.SENDING, result.error, wait=wait, lacks_key=result.lacks_key)


def _give_all_back(begun: list[Sendable]) -> list[None]:
    give_back(begun)
    return [None] * len(begun)


_take_turn: Coalescer[Turn, Sendable | NotSendable | None] = Coalescer(
    take_turns, at_rest=give_up_places, is_at_rest=lambda: not places.keeps_some
)
_give_back_together = Coalescer(_give_all_back)
