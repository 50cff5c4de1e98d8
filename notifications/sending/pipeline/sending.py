"""One send through a channel: seen by traces, and let through, turned aside or held by the sandbox.

Whatever happens in it comes to a result, which can be stored: an attempt that has begun is never lost.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from notifications.channel_api.sendable import Sendable
from notifications.channel_api.stream import Stream, Tell
from notifications.rules.outcome import SendResult, fitting, storable_result
from notifications.sending.delivery_span import Sending, sending, sending_apart
from notifications.sending.pipeline.withholding import kept
from notifications.sending.sandbox.connecting import Granted
from notifications.sending.sandbox.passing import noted, passing
from notifications.sending.unexpected import failed


def send_now(found: Sendable, send: Callable[[Sendable], SendResult]) -> SendResult:
    """Send with a synchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with Granted():
            try:
                result = _checked(send(passed))
            except Exception as error:  # noqa: BLE001 see failed
                result = failed(found, error)
            return _told(under_way, _for_the_record(found, passed, result))


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
            stream.hand_over(passed, lambda result: ended(_for_the_record(found, passed, result)))


async def send_async(
    found: Sendable, send: Callable[[Sendable], Awaitable[SendResult]]
) -> SendResult:
    """Send with an asynchronous channel."""
    with _traced(found) as under_way:
        passed = passing(found)
        if isinstance(passed, SendResult):
            return _told(under_way, passed)
        with Granted():
            try:
                result = _checked(await send(passed))
            except Exception as error:  # noqa: BLE001 see failed
                result = failed(found, error)
            return _told(under_way, _for_the_record(found, passed, result))


def _checked(result: SendResult) -> SendResult:
    if not isinstance(result, SendResult):
        raise TypeError(f"a channel gives a SendResult for each message, not {type(result)}")
    return result


def _for_the_record(found: Sendable, passed: Sendable, result: SendResult) -> SendResult:
    """Make a result storable, say where the message went, and take out what nobody may read; then cut it."""
    return fitting(kept(found, noted(found, passed, storable_result(result))))


def _traced(found: Sendable) -> AbstractContextManager[Sending]:
    return sending(found.channel, _facts(found))


def _facts(found: Sendable) -> dict[str, str | int]:
    return {"id": found.delivery_id, "attempt": found.number}


def _told(under_way: Sending, result: SendResult) -> SendResult:
    has_failed = not result.outcome.is_success
    under_way.ended(
        result.outcome,
        error=result.outcome if has_failed else "",
        status_code=result.status_code,
    )
    return result
