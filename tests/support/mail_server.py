"""A real SMTP server on loopback that keeps what it gets and answers as it is told."""

import asyncio
import logging
import threading
from asyncio import Server
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

logging.getLogger("mail.log").setLevel(logging.ERROR)  # it would log what it gets


class MailServer:
    """Answers RCPT with ``refusals`` and DATA with ``replies`` in turn, then takes everything."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        """The messages as they came over the wire."""
        self.refusals: deque[str] = deque()
        self.replies: deque[str] = deque()
        self.connections = 0
        self.silent_for = 0.0
        self.recipients = 0
        self._servers: list[SMTP] = []
        self.port = 0
        self._lock = threading.Lock()

    def greet(self) -> SMTP:
        """Make the protocol of one new connection."""
        self.connections += 1
        return SMTP(self, hostname="mail")

    def hang_up(self) -> None:
        """Close the connections of all clients, as a server does that finds them idle."""
        for server in self._servers:
            if server.transport is not None:
                server.loop.call_soon_threadsafe(server.transport.close)
        self._servers.clear()

    async def handle_EHLO(  # noqa: N802  (aiosmtpd calls it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        with self._lock:
            self._servers.append(server)
        session.host_name = hostname
        return lines

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.recipients += 1
        if self.refusals:
            return self.refusals.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.silent_for:
            await asyncio.sleep(self.silent_for)
        if self.replies:
            return self.replies.popleft()
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            self.messages.append(message)
            self.raw.append(content)
        return "250 OK"


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    mail = MailServer()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> Server:
        return await loop.create_server(mail.greet, "127.0.0.1", 0)

    async def close() -> None:
        server.close()
        mail.hang_up()
        waiting = asyncio.all_tasks(loop) - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.strip()
