"""The mails of a batch, one round trip for each where the server allows it (RFC 2920, 3.1).

A content may be the first in a group of commands, so it is held back until the next mail is there, and goes
out in one piece with that one's sender, recipient and wish to send content. While the server works on them,
the mail after it is written; then the four answers are read together. So what came of a mail is known when
the next but one is handed over, or at the end.
"""

import smtplib
from dataclasses import dataclass

from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications.channel_api.sendable import Sendable
from notifications.channel_api.stream import Tell
from notifications.sending.channels.email.connection import connection
from notifications.sending.channels.email.dialogue import (
    SHUTTING_DOWN,
    OutOfStepError,
    check_content,
    check_envelope,
    envelope,
    give_up,
    is_plain,
    quoted,
    unread,
)
from notifications.sending.channels.email.failures import (
    BROKEN,
    UNKNOWN,
    MailFailure,
    classify_announcing,
    classify_connecting,
    classify_sending,
    classify_writing,
    is_refusal,
)
from notifications.sending.channels.email.letter import Letter
from notifications.sending.channels.email.results import expired, failed, taken
from notifications.sending.channels.email.send import send
from notifications.sending.channels.email.writing import writer
from tasks_core import clock


@dataclass(frozen=True, slots=True)
class _Mail:
    sendable: Sendable
    letter: Letter
    tell: Tell

    def fail(self, failure: MailFailure) -> None:
        self.tell(failed(self.sendable, failure))


@dataclass(frozen=True, slots=True)
class _Line:
    """The connection that is used until the next flush."""

    backend: SmtpBackend
    smtp: smtplib.SMTP


class MailStream:
    """Hands mails over by pipelining, if backend and server can do that, and else one by one."""

    def __init__(self) -> None:
        self._line: _Line | None = None
        self._sent: _Mail | None = None
        """Its content went out, and was not answered yet."""
        self._announced: _Mail | None = None
        """Its envelope went out, and was not answered yet."""

    def hand_over(self, sendable: Sendable, tell: Tell) -> None:
        """Take a mail; its result is told when it is known."""
        line = self._line or self._begun(sendable, tell)
        if line is None:
            return
        # Connecting may have taken a while; nothing is sent that has expired meanwhile.
        if sendable.is_late(clock.now()):
            tell(expired())
            return
        try:
            letter = writer.write(line.backend, sendable)
        except Exception as error:  # noqa: BLE001  (Django raises what it likes about addresses)
            tell(failed(sendable, classify_writing(error)))
            return
        if not is_plain(letter.sender, letter.recipient):
            self.flush()
            tell(send(sendable))
            return
        held = self._heard()
        if self._line is None:  # it broke, or was left to a server that waits for what is too late
            self.hand_over(sendable, tell)
            return
        self._say(line, held, _Mail(sendable, letter, tell))

    def flush(self) -> None:
        """Hand over what is held back, and hear what becomes of it."""
        held = self._heard()
        if held is not None and self._line is not None:
            self._say(self._line, held, None)
            self._heard()
        self._line = None

    def abandon(self) -> None:
        """Close the connection if mails are under way; nothing more is told of them."""
        if self._line is not None:
            self._drop()
        self._sent = self._announced = None

    def _begun(self, sendable: Sendable, tell: Tell) -> _Line | None:
        """Return a connection that can be pipelined; without one the mail is sent, or has failed."""
        try:
            backend = connection.ready(sendable.expires_at)
        except (OSError, smtplib.SMTPException) as error:
            connection.drop()
            tell(failed(sendable, classify_connecting(error)))
            return None
        smtp = connection.pipelining()
        if smtp is None:
            tell(send(sendable))
            return None
        assert isinstance(backend, SmtpBackend)
        self._line = _Line(backend, smtp)
        return self._line

    def _say(self, line: _Line, held: _Mail | None, following: _Mail | None) -> None:
        """Send a content and the envelope after it, or what there is of them, in one piece."""
        said = b""
        if held is not None:
            said = quoted(held.letter.content)
        if following is not None:
            letter = following.letter
            said += envelope(line.smtp, letter.sender, letter.recipient, len(letter.content))
        waiting = held or following
        connection.wait_until(waiting.sendable.expires_at if waiting else None)
        if unread(line.smtp):  # nothing was asked, so every answer from now on would be another's
            self._drop()
            for mail in (held, following):
                if mail is not None:
                    mail.fail(BROKEN)
            return
        try:
            line.smtp.send(said)
        except Exception as error:  # noqa: BLE001
            self._drop()
            if held is not None:
                held.fail(classify_sending(error))
            if following is not None:
                following.fail(BROKEN)
            return
        self._sent, self._announced = held, following

    def _heard(self) -> _Mail | None:
        """Hear what became of what was said; return the mail whose content the server waits for."""
        sent, announced = self._sent, self._announced
        self._sent = self._announced = None
        refusal: MailFailure | None = None
        if sent is not None and self._line is not None:
            refusal = self._refusal(self._line.smtp, sent, is_last=announced is None)
        let_in = in_step = False
        if announced is None:
            in_step = True
        elif self._line is None:
            announced.fail(BROKEN)
            in_step = True
        else:
            let_in, in_step = self._is_let_in(self._line.smtp, announced, refusal is not None)
        if sent is not None and refusal is not None:
            # It stops an address, so it counts only if it was this mail's: the replies after it show that.
            sent.fail(refusal if in_step else UNKNOWN)
        return announced if let_in else None

    def _refusal(self, smtp: smtplib.SMTP, sent: _Mail, *, is_last: bool) -> MailFailure | None:
        """Hear of a content; return what it is refused for, not yet told."""
        connection.wait_until(sent.sendable.expires_at)
        try:
            check_content(smtp)
        except smtplib.SMTPDataError as error:
            return self._answered_no(smtp, error, is_last=is_last)
        except Exception as error:  # noqa: BLE001
            self._drop()
            sent.fail(classify_sending(error))
            return None
        if is_last and unread(smtp):
            self._drop()
        sent.tell(taken(sent.sendable))
        return None

    def _answered_no(
        self, smtp: smtplib.SMTP, error: smtplib.SMTPDataError, *, is_last: bool
    ) -> MailFailure:
        if error.smtp_code == SHUTTING_DOWN:
            self._drop()
        elif is_last:  # in a group the next envelope has come already
            try:
                give_up(smtp, error.smtp_code)
            except OutOfStepError as doubt:
                self._drop()
                return classify_sending(doubt)
        return classify_sending(error)

    def _is_let_in(self, smtp: smtplib.SMTP, mail: _Mail, after_refusal: bool) -> tuple[bool, bool]:
        """Hear of an envelope; say whether its content is to go out now, and whether its answers fit it."""
        connection.wait_until(mail.sendable.expires_at)
        try:
            check_envelope(smtp, mail.letter.sender, mail.letter.recipient)
        except OutOfStepError as error:
            self._drop()
            mail.fail(classify_announcing(error))
            return False, False
        except Exception as error:  # noqa: BLE001
            if smtp.sock is None or not is_refusal(error):
                self._drop()
            mail.fail(classify_announcing(error, after_refusal=after_refusal))
            return False, True
        if mail.sendable.is_late(clock.now()):
            self._drop()  # because the server waits for the content
            mail.tell(expired())
            return False, True
        return True, True

    def _drop(self) -> None:
        connection.drop()
        self._line = None
