"""A real server on loopback, in the test's own event loop, that answers by script."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Visit:
    """One connection, from the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """The client has closed it."""


Answers = Callable[[Visit], Awaitable[bytes]]
"""What to answer the visit's latest request with; nothing closes the connection."""


@dataclass
class Server:
    port: int = 0
    visits: list[Visit] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def requests(self) -> list[int]:
        """How many requests came over each connection."""
        return [len(visit.requests) for visit in self.visits]


def always(answer: bytes) -> Answers:
    async def answers(visit: Visit) -> bytes:
        return answer

    return answers


@asynccontextmanager
async def running(
    answers: Answers,
    *,
    host: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
    unread: bytes = b"",
) -> AsyncIterator[Server]:
    """Run a server; with ``unread`` it answers that to each request before it reads it."""
    found = Server()
    stopping = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer)
        found.visits.append(visit)
        with suppress(OSError, asyncio.IncompleteReadError):
            if unread:
                writer.write(unread)
                await stopping.wait()
                return
            while True:
                visit.requests.append(await _request(reader))
                answer = await answers(visit)
                writer.write(answer)
                await writer.drain()
                if not answer:
                    break
        visit.ended.set()
        writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        stopping.set()
        server.close()
        for visit in found.visits:
            visit.writer.transport.abort()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (any condition, not one event)
            await asyncio.sleep(0.002)
