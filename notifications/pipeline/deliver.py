"""Last step: begin the attempt, send, record, and say what follows."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from notifications.channels.outcome import SendResult
from notifications.pipeline.begin import begin_each
from notifications.pipeline.lanes import begin_in_lanes, give_places_back
from notifications.pipeline.record import Ended, record
from notifications.pipeline.sendable import NotSendable, Sendable
from notifications.pipeline.sending import send_async, send_now
from notifications.pipeline.together import Together
from notifications.pipeline.verdict import conclude, nothing_to_send
from tasks_core import clock


def deliver(
    delivery_id: int, task_id: int, send: Callable[[Sendable], SendResult]
) -> dict[str, str]:
    """Make one attempt with a synchronous channel; give the task's result."""
    [found] = begin_each([(delivery_id, task_id)])
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    result = send_now(found, send)
    record([ended(found, started_at, result)])
    return conclude(found, result)


async def deliver_async(
    delivery_id: int, task_id: int, send: Callable[[Sendable], Awaitable[SendResult]]
) -> dict[str, str]:
    """Make one attempt with an asynchronous channel; give the task's result.

    Beginnings and ends of concurrent deliveries are written together. A delivery to an endpoint in whose
    lane there is no room gives its place in the worker up at once.
    """
    found = await _begin_together((delivery_id, task_id))
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    result = await send_async(found, send)
    await _record_together(ended(found, started_at, result))
    return conclude(found, result)


def ended(sendable: Sendable, started_at: datetime, result: SendResult) -> Ended:
    """Describe an attempt that has just ended."""
    return Ended(
        delivery_id=sendable.delivery_id,
        number=sendable.number,
        started_at=started_at,
        finished_at=clock.now(),
        result=result,
        endpoint_id=sendable.receiver.endpoint_id if sendable.receiver else None,
        slot=sendable.slot,
    )


def _record_all(attempts: list[Ended]) -> list[None]:
    record(attempts)
    give_places_back(attempts)
    return [None] * len(attempts)


_begin_together = Together(begin_in_lanes)
_record_together = Together(_record_all)
