"""The open connection to the mail server: one per thread, kept between messages."""

import smtplib
import threading
import time
from datetime import datetime
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications import conf
from notifications.sending.channels.email.backend import configuration, new_backend
from notifications.sending.channels.email.dialogue import check_content_reply, keep_in_step, unread
from notifications.sending.channels.email.pipelining import EXTENSION, hand_over_faster
from tasks_core import clock

_SHORTEST = 0.05


class TooLateError(Exception):
    """The message expired before its content was handed over."""


class MailConnection(threading.local):
    """Keeps a backend open, asks it whether it still lives, and replaces it when it does not."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._made_for: tuple[Any, ...] = ()
        self._used_at = 0.0
        self._own_timeout: float | None = None
        self._expires_at: datetime | None = None

    def ready(self, expires_at: datetime | None = None) -> BaseEmailBackend:
        """Return an open backend for one message.

        Args:
            expires_at: no answer of the server is waited for longer than that, and a mail server
                gets no content from then on: sending raises TooLateError.

        Raises:
            OSError, smtplib.SMTPException: the server cannot be reached or refuses us.
        """
        self._expires_at = expires_at
        made_for = configuration()
        if self._backend is not None and (
            made_for != self._made_for or self._says_more() or not self._lives()
        ):
            self.drop()
        if self._backend is None:
            self._made_for = made_for
            self._open()
        self.wait_until(expires_at)
        self._used_at = time.monotonic()
        assert self._backend is not None
        return self._backend

    def pipelining(self) -> smtplib.SMTP | None:
        """Return the open connection if its server announces pipelining and Django's own backend made it.

        A backend of another make may do something of its own with each message.
        """
        smtp = self._smtp()
        if smtp is None or type(self._backend) is not SmtpBackend or self._backend.fail_silently:
            return None
        return smtp if self._pipelines(smtp) else None

    def wait_until(self, expires_at: datetime | None) -> None:
        """Wait for the next answer no longer than a mail that expires then may wait."""
        smtp = self._smtp()
        if smtp is None or smtp.sock is None:
            return
        patience = self._patience(expires_at)
        if smtp.sock.gettimeout() != patience:
            smtp.sock.settimeout(patience)

    def drop(self) -> None:
        """Close the connection without a word, whatever state it is in."""
        smtp, backend = self._smtp(), self._backend
        self._backend = None
        if smtp is not None:
            smtp.close()
        elif backend is not None:
            backend.close()

    def quit(self) -> None:
        """Take leave of the server and close the connection."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()

    def _open(self) -> None:
        self._backend = new_backend()
        self._own_timeout = None
        if isinstance(self._backend, SmtpBackend):
            self._own_timeout = self._backend.timeout
            self._backend.timeout = self._patience(self._expires_at)
        self._backend.open()
        smtp = self._smtp()
        if smtp is not None:
            smtp.ehlo_or_helo_if_needed()
            self._guard(smtp)

    def _pipelines(self, smtp: smtplib.SMTP) -> bool:
        return conf.current().email_pipelining and smtp.has_extn(EXTENSION)

    def _guard(self, smtp: smtplib.SMTP) -> None:
        """Look at the clock once more right before the content goes out.

        Sender and recipient are announced before it, and a slow server may take its time there.
        """
        hand_over = smtp.data

        def in_time(message: Any) -> tuple[int, bytes]:
            self._check_time(smtp)
            try:
                code, words = hand_over(message)
            except smtplib.SMTPDataError as error:
                check_content_reply(smtp, error.smtp_code)
                raise
            check_content_reply(smtp, code)
            return code, words

        vars(smtp)["data"] = in_time
        keep_in_step(smtp)
        if self._pipelines(smtp):
            hand_over_faster(smtp, lambda: self._check_time(smtp))

    def _check_time(self, smtp: smtplib.SMTP) -> None:
        if self._expires_at is not None and self._expires_at <= clock.now():
            raise TooLateError
        if smtp.sock is not None:
            smtp.sock.settimeout(self._patience(self._expires_at))

    def _says_more(self) -> bool:
        """Whether the server has said something since: it hangs up, or would be misunderstood."""
        smtp = self._smtp()
        return smtp is not None and bool(unread(smtp))

    def _lives(self) -> bool:
        """Servers hang up on idle clients; ask before a message could get lost to that."""
        smtp = self._smtp()
        if smtp is None or time.monotonic() - self._used_at < conf.current().email_idle_check:
            return True
        try:
            return smtp.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _smtp(self) -> smtplib.SMTP | None:
        """Return the connection below Django's SMTP backend; other backends have none."""
        smtp = getattr(self._backend, "connection", None)
        return smtp if isinstance(smtp, smtplib.SMTP) else None

    def _patience(self, expires_at: datetime | None) -> float:
        """Return the seconds that one answer of the server may take."""
        most: float = self._own_timeout or conf.current().email_timeout
        if expires_at is None:
            return most
        left = (expires_at - clock.now()).total_seconds()
        return max(_SHORTEST, min(left, most))


connection = MailConnection()
