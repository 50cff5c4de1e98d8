"""One guarded HTTP exchange: what came back, or which way it failed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from notifications import conf
from notifications.sending.outgoing.answer import Answer, NotHttp
from notifications.sending.outgoing.connecting import NoConnection
from notifications.sending.outgoing.guard import AddressNotAllowed, InvalidUrl, Target, check_url
from notifications.sending.outgoing.request import InvalidRequest, request_bytes
from notifications.sending.outgoing.session import pool
from notifications.sending.sandbox.connecting import may_connect


class Failure(StrEnum):
    """Why an exchange gave no response."""

    REFUSED = "refused"
    """Our own guard refused the address or the URL."""
    NOT_SENT = "not sent"
    """No connection was made, so the receiver has seen nothing."""
    UNKNOWN = "unknown"
    """The connection failed or time ran out after the request may have been sent."""


@dataclass(frozen=True)
class Response:
    """A response; ``body`` holds at most ``OUTGOING_RESPONSE_LIMIT`` bytes of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


# JSON, because some readers of responses want it.
_IN_THE_SANDBOX = Response(
    200,
    {"Content-Type": "application/json", "X-Bellringer-Sandbox": "nothing was sent"},
    b'{"sandbox": "nothing was sent"}',
)


class ExchangeFailed(Exception):
    """There was no response. ``failure`` says whether the receiver may have seen the request."""

    def __init__(self, failure: Failure, problem: str) -> None:
        super().__init__(problem)
        self.failure = failure


class UnreadableResponse(ExchangeFailed):
    """Something came back, and it is not HTTP."""


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, seconds: float | None = None
) -> Response:
    """Send one POST request and read at most the configured amount of the answer.

    Args:
        url: where to; checked again here, whatever was checked when it was stored.
        body: the exact bytes to send.
        headers: all headers of ours.
        seconds: for the whole exchange, if less than the configured total.

    Raises:
        ExchangeFailed: no response came; redirects are responses, and are not followed.
    """
    longest = conf.current().outgoing_total_timeout
    return await exchange("POST", url, body, headers, seconds=min(seconds or longest, longest))


async def exchange(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float
) -> Response:
    """Send one request of any method; like ``post``, with exactly ``seconds`` for all of it.

    Raises:
        ExchangeFailed: no response came; redirects are responses, and are not followed.
    """
    try:
        target = check_url(url)
        if not may_connect(url):
            return _IN_THE_SANDBOX
        request = request_bytes(method.upper(), target, body, headers)
    except (InvalidUrl, InvalidRequest) as error:
        raise ExchangeFailed(Failure.REFUSED, str(error)) from None
    limit = 0 if method.upper() == "HEAD" else conf.current().outgoing_response_limit
    answer = Answer(limit)
    await _exchange(target, request, answer, seconds)
    return Response(answer.status, answer.headers, bytes(answer.body))


async def _exchange(target: Target, request: bytes, answer: Answer, seconds: float) -> None:
    until = asyncio.get_running_loop().time() + seconds
    connections = pool()
    try:
        connection = await connections.acquire(target, until=until)
    except AddressNotAllowed as error:
        raise ExchangeFailed(Failure.REFUSED, str(error)) from None
    except NoConnection as error:
        raise ExchangeFailed(Failure.NOT_SENT, f"no connection: {error}") from None
    try:
        await connection.exchange(request, answer, until=until)
    except NotHttp:
        raise UnreadableResponse(Failure.UNKNOWN, "the response is not HTTP") from None
    except OSError as error:
        if answer.settle():
            return
        problem = f"connection failed before the answer: {type(error).__name__}"
        if isinstance(error, TimeoutError):
            problem = f"no answer within {seconds:g} s"
        raise ExchangeFailed(Failure.UNKNOWN, problem) from None
    finally:
        connections.release(connection)
