"""The mail backend that is configured: by ``MAILERS`` (Django 6.1 and later) or ``EMAIL_BACKEND``."""

from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from notifications import conf

_OLDER_SETTINGS = (
    "EMAIL_BACKEND",
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_USE_TLS",
    "EMAIL_USE_SSL",
    "EMAIL_TIMEOUT",
)


def new_backend() -> BaseEmailBackend:
    """Make a backend, not yet opened."""
    if _has_mailers():
        mailers: Any = getattr(mail, "mailers")  # noqa: B009  (unknown before Django 6.1)
        made: BaseEmailBackend = mailers[conf.current().email_mailer]
        return made
    # Looked up here: later versions of Django have it no more.
    return mail.get_connection()


def configuration() -> tuple[Any, ...]:
    """Return what a backend is made from, to see whether it has changed. Holds the password."""
    if _has_mailers():
        # Django refuses to read the older settings then.
        mailers: object = getattr(settings, "MAILERS", None)
        return (conf.current().email_mailer, repr(mailers))
    return tuple(getattr(settings, name, None) for name in _OLDER_SETTINGS)


def _has_mailers() -> bool:
    return hasattr(settings, "MAILERS")
