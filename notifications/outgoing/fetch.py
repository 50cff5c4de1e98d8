"""One guarded HTTP exchange: what came back, or which way it failed."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import aiohttp

from notifications import conf
from notifications.outgoing.guard import AddressNotAllowed, InvalidUrl, check_url
from notifications.outgoing.session import session
from notifications.sandbox.connecting import may_connect


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
    settings = conf.current()
    try:
        target = check_url(url)
        if not may_connect(url):
            return _IN_THE_SANDBOX
        async with session().request(
            method,
            target.url,
            data=body,
            headers=headers,
            skip_auto_headers=("Content-Type", "User-Agent"),
            allow_redirects=False,
            timeout=_timeout(seconds, settings.outgoing_connect_timeout),
        ) as response:
            kept = await _read_at_most(response, settings.outgoing_response_limit)
            return Response(response.status, dict(response.headers), kept)
    except (AddressNotAllowed, InvalidUrl) as error:
        raise ExchangeFailed(Failure.REFUSED, str(error)) from None
    except aiohttp.InvalidURL:
        raise ExchangeFailed(Failure.REFUSED, "address not allowed") from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, socket.gaierror) as error:
        raise ExchangeFailed(Failure.NOT_SENT, f"no connection: {_cause(error)}") from None
    except TimeoutError:
        raise ExchangeFailed(Failure.UNKNOWN, f"no answer within {seconds:g} s") from None
    except aiohttp.ClientResponseError:
        raise UnreadableResponse(Failure.UNKNOWN, "the response is not HTTP") from None
    except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
        problem = f"connection failed before the answer: {type(error).__name__}"
        raise ExchangeFailed(Failure.UNKNOWN, problem) from None


@lru_cache(maxsize=64)
def _timeout(total: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=connect)


async def _read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read up to ``limit`` bytes; drop the connection rather than wait for the rest."""
    chunks = bytearray()
    while len(chunks) < limit:
        chunk = await response.content.read(limit - len(chunks))
        if not chunk:
            return bytes(chunks)
        chunks += chunk
    if not response.content.at_eof():
        response.close()
    return bytes(chunks)


def _cause(error: BaseException) -> str:
    """Name the kind of failure in words that show no address of ours."""
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, socket.gaierror):
        return "the host name does not resolve"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"TLS failed ({type(cause).__name__})"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(cause, TimeoutError):
        return "connecting took too long"
    return type(cause).__name__
