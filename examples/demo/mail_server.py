"""The demo's mail server: takes mail by SMTP, counts it, and refuses some of it on purpose."""

import asyncio
import logging
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

from examples.demo.behaviour import mail_refusal
from examples.demo.ledger import Ledger

# It would report every command of every mail, between the lines of the display.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class MailServer:
    """An SMTP server on a free port of the loopback interface."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="mail.example", loop=loop), "127.0.0.1", 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def handle_DATA(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, or turn it away: only now, because before this it has no identity."""
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        message_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        tally = self.ledger.messages[message_id]
        refusal = mail_refusal(envelope.rcpt_tos[0], tally.requests + 1)
        if refusal is not None:
            tally.refused += 1
            return refusal
        tally.accepted += 1
        self.ledger.texts[message_id] = _text(mail)
        return "250 Taken"


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return "" if part is None else str(part.get_content())
