"""Write a delivery's mail as Django's SMTP backend does, up to the point where it would be handed over."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications.channel_api.sendable import Sendable
from notifications.sending.channels.email.letter import Letter
from notifications.sending.channels.email.message import compose


class _Taker:
    """Stands where the backend expects its connection, and keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def sendmail(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        [recipient] = recipients
        self.letters.append(Letter(sender, recipient, content))


def write_by_django(backend: SmtpBackend, sendable: Sendable) -> Letter:
    """Let Django write a mail.

    Raises:
        Exception: whatever Django raises about addresses and headers.
    """
    return write(backend, compose(sendable))


def write(backend: SmtpBackend, message: EmailMessage) -> Letter:
    """Let Django write a message that goes to one recipient, with the same errors."""
    taker: Any = _Taker()
    connection = backend.connection
    backend.connection = taker
    try:
        backend._send(message)  # type: ignore[attr-defined]
    finally:
        backend.connection = connection
    [letter] = taker.letters
    assert isinstance(letter, Letter)
    return letter
