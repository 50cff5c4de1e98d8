"""The open connection to the mail server: one per thread, kept between messages."""

import smtplib
import threading
import time
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications import conf

_SETTINGS = (
    "EMAIL_BACKEND",
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_USE_TLS",
    "EMAIL_USE_SSL",
)


class MailConnection(threading.local):
    """Keeps a backend open, asks it whether it still lives, and replaces it when it does not."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._made_for: tuple[Any, ...] = ()
        self._used_at = 0.0

    def ready(self, seconds: float | None = None) -> BaseEmailBackend:
        """Give an open backend.

        Args:
            seconds: most time that one answer of the server may take, if less than the setting.

        Raises:
            OSError, smtplib.SMTPException: the server cannot be reached or refuses us.
        """
        made_for = tuple(getattr(settings, name, None) for name in _SETTINGS)
        if self._backend is not None and (made_for != self._made_for or not self._lives()):
            self.drop()
        if self._backend is None:
            self._backend, self._made_for = _new_backend(seconds), made_for
            self._backend.open()
        _limit(self._backend, seconds)
        self._used_at = time.monotonic()
        return self._backend

    def drop(self) -> None:
        """Close the connection, whatever state it is in."""
        backend, self._backend = self._backend, None
        smtp = getattr(backend, "connection", None)
        if isinstance(smtp, smtplib.SMTP):
            smtp.close()
        elif backend is not None:
            backend.close()

    def quit(self) -> None:
        """Take leave of the server and close the connection."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()

    def _lives(self) -> bool:
        """Servers hang up on idle clients; ask before a message could get lost to that."""
        smtp = getattr(self._backend, "connection", None)
        if not isinstance(smtp, smtplib.SMTP):
            return True
        if time.monotonic() - self._used_at < conf.current().email_idle_check:
            return True
        try:
            return smtp.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False


connection = MailConnection()


def _new_backend(seconds: float | None) -> BaseEmailBackend:
    backend = get_connection()
    if isinstance(backend, SmtpBackend):
        # A new connection waits for the greeting with this; a message that expires waits no longer.
        backend.timeout = _seconds(seconds)
    return backend


def _limit(backend: BaseEmailBackend, seconds: float | None) -> None:
    smtp = getattr(backend, "connection", None)
    if isinstance(smtp, smtplib.SMTP) and smtp.sock is not None:
        smtp.sock.settimeout(_seconds(seconds))


def _seconds(seconds: float | None) -> float:
    most: float = settings.EMAIL_TIMEOUT or conf.current().email_timeout
    return most if seconds is None else max(0.05, min(seconds, most))
