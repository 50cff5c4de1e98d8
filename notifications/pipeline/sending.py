"""One send through a channel: seen by traces, and let through, turned aside or held by the sandbox."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from notifications.channels.outcome import SendResult
from notifications.pipeline.sendable import Sendable
from notifications.sandbox.connecting import granted
from notifications.sandbox.passing import noted, passing
from notifications.traced import Sending, sending


def send_now(found: Sendable, send: Callable[[Sendable], SendResult]) -> SendResult:
    """Send with a synchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with granted():
            return _told(under_way, noted(found, passed, send(passed)))


async def send_async(
    found: Sendable, send: Callable[[Sendable], Awaitable[SendResult]]
) -> SendResult:
    """Send with an asynchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with granted():
            return _told(under_way, noted(found, passed, await send(passed)))


def _traced(found: Sendable) -> AbstractContextManager[Sending]:
    return sending(found.channel, {"id": found.delivery_id, "attempt": found.number})


def _told(under_way: Sending, result: SendResult) -> SendResult:
    failed = not result.outcome.is_success
    under_way.ended(
        result.outcome,
        error=result.outcome if failed else "",
        status_code=result.status_code,
    )
    return result
