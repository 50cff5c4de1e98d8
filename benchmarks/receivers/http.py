"""A web server that answers each POST after 20 ms, and one path of it only after half a minute.

Written on the bare protocol, because a framework's server would take more of the machine than what is
measured.
"""

import asyncio
import json
import sys
import time

from benchmarks.ledger import record

ANSWER_SECONDS = 0.020
HANG_SECONDS = 30.0
HANG = b"POST /hang"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
LENGTH = b"\r\ncontent-length:"


class Hook(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while request := self._request():
            self._take(*request)

    def _request(self) -> tuple[bytes, bytes] | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return head, rest[:length]

    def _take(self, head: bytes, body: bytes) -> None:
        arrived = time.time()
        loop = asyncio.get_running_loop()
        if head.startswith(HANG):
            loop.call_later(HANG_SECONDS, self._answer)
            return
        loop.call_later(ANSWER_SECONDS, self._record, json.loads(body)["i"], arrived)

    def _record(self, i: int, arrived: float) -> None:
        record(i, arrived, time.time())
        self._answer()

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(ANSWER)


async def main(port: int) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Hook, "127.0.0.1", port, backlog=1_000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
