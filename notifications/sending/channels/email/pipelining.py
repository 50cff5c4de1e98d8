"""Hand a mail over in two round trips and not four, where the server allows it (RFC 2920).

Sender, recipient and the wish to send content go out in one piece; the server's three answers are read
together. ``smtplib`` waits for each answer before it says the next thing.
"""

import smtplib
from collections.abc import Callable, Sequence
from typing import Any

from notifications.sending.channels.email.dialogue import (
    check_content,
    check_envelope,
    check_in_step,
    envelope,
    give_up,
    is_plain,
    quoted,
)

EXTENSION = "pipelining"

Refused = dict[str, tuple[int, bytes]]


def hand_over_faster(smtp: smtplib.SMTP, before_content: Callable[[], None]) -> None:
    """Let ``sendmail`` of this connection pipeline what it can, if the server announces that.

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
        if len(to) != 1 or options or not isinstance(msg, bytes) or not is_plain(from_addr, *to):
            return one_by_one(from_addr, to_addrs, msg, **options)
        _sendmail(smtp, from_addr, to[0], msg, before_content)
        return {}

    if smtp.has_extn(EXTENSION):
        vars(smtp)["sendmail"] = sendmail


def _sendmail(
    smtp: smtplib.SMTP,
    sender: str,
    recipient: str,
    content: bytes,
    before_content: Callable[[], None],
) -> None:
    smtp.send(envelope(smtp, sender, recipient, len(content)))
    check_envelope(smtp, sender, recipient)
    check_in_step(smtp)
    before_content()
    smtp.send(quoted(content))
    try:
        check_content(smtp)
    except smtplib.SMTPDataError as error:
        give_up(smtp, error.smtp_code)
        raise
