"""What a client says and a mail server answers while a mail is handed over (RFC 5321, 3.3)."""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from functools import lru_cache

from tasks_core.engine.single_line import is_single_line

CRLF = b"\r\n"
SHUTTING_DOWN = 421
GO_ON = 354
_END = b"." + CRLF
_BARE = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_BEGINNING_WITH_A_DOT = re.compile(rb"^\.", re.MULTILINE)


def is_plain(*addresses: str) -> bool:
    """Whether addresses can stand in a command as they are; ``smtplib`` knows what to do with the others."""
    return all(one.isascii() and is_single_line(one) for one in addresses)


def is_bare(address: str) -> bool:
    """Whether an address is only that, and of signs that mean nothing in any grammar."""
    return _BARE.fullmatch(address) is not None


def envelope(smtp: smtplib.SMTP, sender: str, recipient: str, size: int) -> bytes:
    """Give the three commands that come before the content, as one piece.

    Args:
        smtp: where it is to be said.
        sender: an address that is plain.
        recipient: another.
        size: bytes of the content.
    """
    announced = f" size={size}" if smtp.has_extn("size") else ""
    return (
        f"mail FROM:{_path(sender)}{announced}\r\nrcpt TO:{_path(recipient)}\r\ndata\r\n"
    ).encode("ascii")


def quoted(content: bytes) -> bytes:
    """Give the content as it goes over the wire, with its end (RFC 5321, 4.5.2)."""
    doubled = _BEGINNING_WITH_A_DOT.sub(b"..", content)
    return doubled + (_END if doubled.endswith(CRLF) else CRLF + _END)


def check_envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    """Read the three answers to an envelope. If it returns, the server waits for the content.

    Raises:
        smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused: the mail is refused, and the connection
            is ready for another, or closed.
        smtplib.SMTPServerDisconnected: there was no answer.
    """
    refusal: smtplib.SMTPException | None = None
    code = 0
    for accepted, refused in _ENVELOPE:
        try:
            code, words = smtp.getreply()
        except smtplib.SMTPServerDisconnected:
            # A server may refuse and hang up; what it said before counts.
            raise refusal or smtplib.SMTPServerDisconnected("no answer") from None
        if code not in accepted:
            refusal = refusal or refused(code, words, sender, recipient)
        if code == SHUTTING_DOWN:
            break
    if refusal is not None:
        give_up(smtp, code)
        raise refusal


def check_content(smtp: smtplib.SMTP) -> None:
    """Read the answer to a content.

    Raises:
        smtplib.SMTPDataError: the mail is refused.
        smtplib.SMTPServerDisconnected: there was no answer.
    """
    code, words = smtp.getreply()
    if code != 250:
        raise smtplib.SMTPDataError(code, words)


def give_up(smtp: smtplib.SMTP, code: int) -> None:
    """Leave the connection ready for another mail, or closed.

    A server that waits for content although it has refused the mail would take whatever comes next for
    that; it is not worth while to find out what it makes of an empty one.

    Args:
        smtp: where a mail was refused.
        code: of its last answer.
    """
    if code in (SHUTTING_DOWN, GO_ON):
        smtp.close()
        return
    with suppress(smtplib.SMTPServerDisconnected):
        smtp.rset()


def _path(address: str) -> str:
    return f"<{address}>" if is_bare(address) else _quoted_address(address)


# Of senders there are few; receivers are not to be remembered.
@lru_cache(maxsize=16)
def _quoted_address(address: str) -> str:
    return smtplib.quoteaddr(address)


def _sender_refused(code: int, words: bytes, sender: str, _: str) -> smtplib.SMTPException:
    return smtplib.SMTPSenderRefused(code, words, sender)


def _recipient_refused(code: int, words: bytes, _: str, recipient: str) -> smtplib.SMTPException:
    return smtplib.SMTPRecipientsRefused({recipient: (code, words)})


def _data_refused(code: int, words: bytes, _: str, __: str) -> smtplib.SMTPException:
    return smtplib.SMTPDataError(code, words)


_ENVELOPE = (
    ((250,), _sender_refused),
    ((250, 251), _recipient_refused),
    ((GO_ON,), _data_refused),
)
