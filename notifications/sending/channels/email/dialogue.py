"""What a client says and a mail server answers while a mail is handed over (RFC 5321, 3.3)."""

import re
import smtplib
from functools import lru_cache

from tasks_core.engine.single_line import is_single_line

CRLF = b"\r\n"
TAKEN = 250
SHUTTING_DOWN = 421
GO_ON = 354
_END = b"." + CRLF
_LONGEST_LINE = 8192
_MOST_LINES = 100
_REPLY_LINE = re.compile(rb"(?P<code>[2-5][0-9]{2})(?:(?P<more>[ -])(?P<words>[^\n]*))?\r?\n")
_BARE = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_BEGINNING_WITH_A_DOT = re.compile(rb"^\.", re.MULTILINE)


class OutOfStepError(smtplib.SMTPServerDisconnected):
    """The server said something else than a reply to what it was asked; what it meant is not known."""


def is_plain(*addresses: str) -> bool:
    """Whether addresses can stand in a command as they are; ``smtplib`` knows what to do with the others."""
    return all(one.isascii() and is_single_line(one) for one in addresses)


def is_bare(address: str) -> bool:
    """Whether an address is only that, and of signs that mean nothing in any grammar."""
    return _BARE.fullmatch(address) is not None


def envelope(smtp: smtplib.SMTP, sender: str, recipient: str, size: int) -> bytes:
    """Return the three commands that come before the content, as one piece.

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
    """Return the content as it goes over the wire, with its end (RFC 5321, 4.5.2)."""
    doubled = _BEGINNING_WITH_A_DOT.sub(b"..", content)
    return doubled + (_END if doubled.endswith(CRLF) else CRLF + _END)


def read_reply(smtp: smtplib.SMTP) -> tuple[int, bytes]:
    """Read one reply (RFC 5321, 4.2). Stands in for ``smtplib``'s own, which takes anything for one.

    Returns:
        its code, from 200 to 599, and the words of its lines.

    Raises:
        OutOfStepError: what came is no reply. The connection is closed.
        smtplib.SMTPServerDisconnected: nothing came, or not all of it. The connection is closed.
    """
    lines: list[re.Match[bytes]] = []
    while not lines or lines[-1]["more"] == b"-":
        line = _read_line(smtp)
        found = _REPLY_LINE.fullmatch(line)
        other_code = bool(lines and found and found["code"] != lines[0]["code"])
        if found is None or other_code or len(lines) == _MOST_LINES:
            smtp.close()
            raise OutOfStepError("what came is no reply")
        lines.append(found)
    return int(lines[0]["code"]), b"\n".join((one["words"] or b"").strip() for one in lines)


def keep_in_step(smtp: smtplib.SMTP) -> None:
    """Let ``smtplib`` say nothing on this connection while a reply waits that nobody asked for.

    A refusal counts only if nothing else comes with it. Where it would, ``OutOfStepError`` is raised.
    """
    say = smtp.putcmd

    def say_in_step(cmd: str, args: str = "") -> None:
        check_in_step(smtp)
        say(cmd, args)

    def read_only_reply() -> tuple[int, bytes]:
        code, words = read_reply(smtp)
        may_end = code == SHUTTING_DOWN or (is_refusal_code(code) and _says_good_bye(smtp))
        if code == GO_ON or (is_refusal_code(code) and not may_end):
            check_in_step(smtp)
        return code, words

    vars(smtp)["putcmd"] = say_in_step
    vars(smtp)["getreply"] = read_only_reply


def unread(smtp: smtplib.SMTP) -> bytes:
    """Return the beginning of what the server has said without being asked; it is not waited for."""
    if smtp.file is None or smtp.sock is None:
        return b""
    patience = smtp.sock.gettimeout()
    smtp.sock.settimeout(0)
    try:
        waiting: bytes = smtp.file.peek(1)
    except OSError:
        # Nothing has come (TLS says it so), or nothing will any more: whoever speaks next finds out.
        return b""
    finally:
        smtp.sock.settimeout(patience)
    return waiting


def check_in_step(smtp: smtplib.SMTP) -> None:
    """See that no reply waits when none is due: all that are read from then on would be another command's.

    Raises:
        OutOfStepError: one does. The connection is closed.
    """
    if unread(smtp):
        smtp.close()
        raise OutOfStepError("a reply came that nobody waits for")


def check_envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    """Read the three answers to an envelope. If it returns, the server waits for the content.

    Raises:
        smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused: the mail is refused, and the connection
            is ready for another, or closed.
        OutOfStepError: the answers are not those to an envelope, so none of them counts.
        smtplib.SMTPServerDisconnected: there was no answer.
    """
    refusal: smtplib.SMTPException | None = None
    code = 0
    for accepted, refused in _ENVELOPE:
        try:
            code, words = read_reply(smtp)
        except OutOfStepError:
            raise
        except smtplib.SMTPServerDisconnected:
            # A server may refuse and hang up; what it said before counts.
            raise refusal or smtplib.SMTPServerDisconnected("no answer") from None
        if code not in accepted:
            if not is_refusal_code(code):
                smtp.close()
                raise OutOfStepError("a reply does not fit what it is for")
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
        OutOfStepError: what came is not the answer to a content.
        smtplib.SMTPServerDisconnected: there was no answer.
    """
    code, words = read_reply(smtp)
    check_content_reply(smtp, code)
    if code != TAKEN:
        raise smtplib.SMTPDataError(code, words)


def check_content_reply(smtp: smtplib.SMTP, code: int) -> None:
    """See that a code can be the answer to a content.

    Raises:
        OutOfStepError: it cannot. The connection is closed.
    """
    if code != TAKEN and not is_refusal_code(code):
        smtp.close()
        raise OutOfStepError("a reply does not fit a content")


def is_refusal_code(code: int) -> bool:
    """Whether a reply says no, for now or for good."""
    return 400 <= code < 600


def give_up(smtp: smtplib.SMTP, code: int) -> None:
    """Leave the connection ready for another mail, or closed.

    A server that waits for content although it has refused the mail would take whatever comes next for
    that; it is not worth while to find out what it makes of an empty one.

    Args:
        smtp: where a mail was refused.
        code: of its last answer.

    Raises:
        OutOfStepError: the server has said more than it was asked for, so what was taken for the refusal may
            be about something else. The connection is closed.
    """
    if code in (SHUTTING_DOWN, GO_ON) or _says_good_bye(smtp):
        smtp.close()
        return
    check_in_step(smtp)
    try:
        answer, _ = smtp.rset()
    except OutOfStepError:
        raise
    except smtplib.SMTPServerDisconnected:
        return
    if answer == GO_ON:
        smtp.close()
        raise OutOfStepError("a reply does not fit a reset")
    if answer != TAKEN:
        smtp.close()


def _says_good_bye(smtp: smtplib.SMTP) -> bool:
    return unread(smtp).startswith(b"421")


def _read_line(smtp: smtplib.SMTP) -> bytes:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    if smtp.file is None:
        smtp.file = smtp.sock.makefile("rb")
    try:
        line: bytes = smtp.file.readline(_LONGEST_LINE + 1)
    except OSError:
        line = b""
    if not line.endswith(b"\n") and len(line) <= _LONGEST_LINE:
        smtp.close()
        raise smtplib.SMTPServerDisconnected("no answer")
    return line


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
