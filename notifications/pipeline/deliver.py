"""Third step: begin the attempt, send, record, and say what follows."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import datetime

from notifications.channels.outcome import SendResult
from notifications.pipeline.begin import begin
from notifications.pipeline.record import Ended, record
from notifications.pipeline.sendable import NotSendable, Sendable
from notifications.pipeline.together import Together
from notifications.pipeline.verdict import conclude, nothing_to_send
from notifications.sandbox.connecting import granted
from notifications.sandbox.passing import noted, passing
from notifications.traced import Sending, sending
from tasks_core import clock


def deliver(
    delivery_id: int, task_id: int, send: Callable[[Sendable], SendResult]
) -> dict[str, str]:
    """Make one attempt with a synchronous channel; give the task's result."""
    found = begin({delivery_id: task_id})[delivery_id]
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    with _sending(found) as under_way:
        result = _send(found, send)
        _note(under_way, result)
    record([_ended(found, started_at, result)])
    return conclude(found, result)


async def deliver_async(
    delivery_id: int, task_id: int, send: Callable[[Sendable], Awaitable[SendResult]]
) -> dict[str, str]:
    """Make one attempt with an asynchronous channel; give the task's result.

    Beginnings and ends of concurrent deliveries are written together.
    """
    found = await _begin_together((delivery_id, task_id))
    if isinstance(found, NotSendable):
        return nothing_to_send(found)
    found.redactor.hide_in_logs()
    started_at = clock.now()
    with _sending(found) as under_way:
        result = await _send_async(found, send)
        _note(under_way, result)
    await _record_together(_ended(found, started_at, result))
    return conclude(found, result)


def _send(found: Sendable, send: Callable[[Sendable], SendResult]) -> SendResult:
    passed = passing(found)
    if isinstance(passed, SendResult):
        return passed
    with granted():
        return noted(found, passed, send(passed))


async def _send_async(
    found: Sendable, send: Callable[[Sendable], Awaitable[SendResult]]
) -> SendResult:
    passed = passing(found)
    if isinstance(passed, SendResult):
        return passed
    with granted():
        return noted(found, passed, await send(passed))


def _sending(found: Sendable) -> AbstractContextManager[Sending]:
    return sending(found.channel, {"id": found.delivery_id, "attempt": found.number})


def _note(under_way: Sending, result: SendResult) -> None:
    failed = not result.outcome.is_success
    under_way.ended(
        result.outcome,
        error=result.outcome if failed else "",
        status_code=result.status_code,
    )


def _ended(sendable: Sendable, started_at: datetime, result: SendResult) -> Ended:
    return Ended(
        delivery_id=sendable.delivery_id,
        number=sendable.number,
        started_at=started_at,
        finished_at=clock.now(),
        result=result,
        endpoint_id=sendable.receiver.endpoint_id if sendable.receiver else None,
    )


def _begin_all(asked: list[tuple[int, int]]) -> list[Sendable | NotSendable]:
    found = begin(dict(asked))
    return [found[delivery_id] for delivery_id, _ in asked]


def _record_all(attempts: list[Ended]) -> list[None]:
    record(attempts)
    return [None] * len(attempts)


_begin_together = Together(_begin_all)
_record_together = Together(_record_all)
