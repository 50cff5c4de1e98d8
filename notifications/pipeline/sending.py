"""One send through a channel: seen by traces, and let through, turned aside or held by the sandbox."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from notifications.channels.outcome import SendResult
from notifications.pipeline.sendable import Sendable
from notifications.pipeline.stream import Stream, Tell
from notifications.pipeline.withholding import kept
from notifications.sandbox.connecting import Granted
from notifications.sandbox.passing import noted, passing
from notifications.traced import Sending, sending, sending_apart


def send_now(found: Sendable, send: Callable[[Sendable], SendResult]) -> SendResult:
    """Send with a synchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with Granted():
            return _told(under_way, kept(found, noted(found, passed, send(passed))))


def send_in_stream(found: Sendable, stream: Stream, tell: Tell) -> None:
    """Hand a message to a stream, and tell what came of it when that is known."""
    under_way = sending_apart(found.channel, _facts(found))

    def ended(result: SendResult) -> None:
        tell(_told(under_way, result))
        under_way.close()

    with under_way.active():
        passed = passing(found)
        if isinstance(passed, SendResult):
            ended(passed)
            return
        with Granted():
            stream.hand_over(
                passed, lambda result: ended(kept(found, noted(found, passed, result)))
            )


async def send_async(
    found: Sendable, send: Callable[[Sendable], Awaitable[SendResult]]
) -> SendResult:
    """Send with an asynchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with Granted():
            return _told(under_way, kept(found, noted(found, passed, await send(passed))))


def _traced(found: Sendable) -> AbstractContextManager[Sending]:
    return sending(found.channel, _facts(found))


def _facts(found: Sendable) -> dict[str, str | int]:
    return {"id": found.delivery_id, "attempt": found.number}


def _told(under_way: Sending, result: SendResult) -> SendResult:
    failed = not result.outcome.is_success
    under_way.ended(
        result.outcome,
        error=result.outcome if failed else "",
        status_code=result.status_code,
    )
    return result
