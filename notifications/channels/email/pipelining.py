"""Hand a mail over in two round trips and not four, where the server allows it (RFC 2920).

Sender, recipient and the wish to send content go out in one piece; the server's three answers are read
together. ``smtplib`` waits for each answer before it says the next thing.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

CRLF = "\r\n"
_BEGINNING_WITH_A_DOT = re.compile(rb"^\.", re.MULTILINE)
_SHUTTING_DOWN = 421

Refused = dict[str, tuple[int, bytes]]


def hand_over_faster(smtp: smtplib.SMTP, before_content: Callable[[], None]) -> None:
    """Let ``sendmail`` of this connection pipeline what it can.

    Args:
        smtp: a connection that has greeted its server.
        before_content: called when the server is ready for the content; what it raises ends the attempt, and
            then the connection must be closed.
    """
    one_by_one = smtp.sendmail

    def sendmail(
        from_addr: str, to_addrs: str | Sequence[str], msg: Any, **options: Any
    ) -> Refused:
        to = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        if len(to) != 1 or options or not isinstance(msg, bytes) or not _is_plain(from_addr, *to):
            return one_by_one(from_addr, to_addrs, msg, **options)
        _sendmail(smtp, from_addr, to[0], msg, before_content)
        return {}

    if smtp.has_extn("pipelining"):
        vars(smtp)["sendmail"] = sendmail


def _is_plain(*addresses: str) -> bool:
    """Whether addresses can stand in a command as they are; ``smtplib`` knows what to do with the others."""
    return all(one.isascii() and one.isprintable() for one in addresses)


def _sendmail(
    smtp: smtplib.SMTP,
    sender: str,
    recipient: str,
    content: bytes,
    before_content: Callable[[], None],
) -> None:
    size = f" size={len(content)}" if smtp.has_extn("size") else ""
    commands = (
        f"mail FROM:{smtplib.quoteaddr(sender)}{size}",
        f"rcpt TO:{smtplib.quoteaddr(recipient)}",
        "data",
    )
    smtp.send("".join(command + CRLF for command in commands))
    from_sender, from_recipient, from_data = (smtp.getreply() for _ in commands)
    is_waited_for = from_data[0] == 354
    if from_sender[0] != 250:
        _give_up(smtp, from_sender[0], is_waited_for=is_waited_for)
        raise smtplib.SMTPSenderRefused(*from_sender, sender)
    if from_recipient[0] not in (250, 251):
        _give_up(smtp, from_recipient[0], is_waited_for=is_waited_for)
        raise smtplib.SMTPRecipientsRefused({recipient: from_recipient})
    if not is_waited_for:
        _give_up(smtp, from_data[0])
        raise smtplib.SMTPDataError(*from_data)
    before_content()
    smtp.send(_quoted(content) + b"." + CRLF.encode())
    code, words = smtp.getreply()
    if code != 250:
        _give_up(smtp, code)
        raise smtplib.SMTPDataError(code, words)


def _give_up(smtp: smtplib.SMTP, code: int, *, is_waited_for: bool = False) -> None:
    """Leave the connection ready for another mail, or closed.

    A server that waits for content although it has refused the mail would take whatever comes next for
    that; it is not worth while to find out what it makes of an empty one.
    """
    if code == _SHUTTING_DOWN or is_waited_for:
        smtp.close()
        return
    with suppress(smtplib.SMTPServerDisconnected):
        smtp.rset()


def _quoted(content: bytes) -> bytes:
    """Double the dots at the beginnings of lines, and end the last line."""
    quoted = _BEGINNING_WITH_A_DOT.sub(b"..", content)
    return quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n"
