"""A mail server that takes everything and notes the number in the subject."""

import asyncio
import re
import sys
import time

from benchmarks.ledger import record

NUMBER = re.compile(rb"^Subject: Message (\d+)\r?$", re.MULTILINE)
END = b"\r\n.\r\n"


class Mailbox(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._takes_content = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 mail\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that has come with one write, as servers do that announce pipelining."""
        self._buffer += data
        answers = []
        while (answer := self._next_answer()) is not None:
            answers.append(answer + b"\r\n")
        if answers:
            self._say(b"".join(answers), is_last=answers[-1].startswith(b"221"))

    def _next_answer(self) -> bytes | None:
        content, end, rest = self._buffer.partition(END if self._takes_content else b"\r\n")
        if not end:
            return None
        self._buffer = rest
        return self._take(content) if self._takes_content else self._obey(content)

    def _take(self, content: bytes) -> bytes:
        self._takes_content = False
        now = time.time()
        found = NUMBER.search(content)
        if found:
            record(int(found[1]), now, now)
        return b"250 taken"

    def _obey(self, line: bytes) -> bytes:
        command = line[:4].upper()
        if command == b"EHLO":
            return b"250-mail\r\n250-SIZE 10240000\r\n250 PIPELINING"  # as all known servers do
        if command == b"DATA":
            self._takes_content = True
            return b"354 go on"
        return b"221 bye" if command == b"QUIT" else b"250 ok"

    def _say(self, answers: bytes, *, is_last: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answers)
            if is_last:
                self._transport.close()


async def main(port: int) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Mailbox, "127.0.0.1", port, backlog=1_000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
