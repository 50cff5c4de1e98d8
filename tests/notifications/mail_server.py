"""A real SMTP server on loopback that keeps what it gets and answers as it is told."""

import threading
from asyncio import Server
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """Answers RCPT with ``refusals`` and DATA with ``replies`` in turn, then takes everything."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusals: deque[str] = deque()
        self.replies: deque[str] = deque()
        self.connections = 0
        self.port = 0
        self._lock = threading.Lock()

    async def handle_EHLO(  # noqa: N802  (aiosmtpd calls it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        with self._lock:
            self.connections += 1
        session.host_name = hostname
        return lines

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.replies:
            return self.replies.popleft()
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            self.messages.append(message)
        return "250 OK"


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    mail = MailServer()
    controller = Controller(mail, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        assert isinstance(controller.server, Server)
        mail.port = controller.server.sockets[0].getsockname()[1]
        yield mail
    finally:
        controller.stop()


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.strip()
