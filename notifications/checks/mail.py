"""How the mail server is spoken to, and who mails are from."""

from collections.abc import Sequence
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  (Django's name)
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from notifications.rules.addresses import holds_several
from notifications.rules.domains import with_ascii_domain
from notifications.sending.channels.email.backend import new_backend
from notifications.sending.channels.email.by_django import write


def passwords_are_not_sent_in_the_clear(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Warn of a password that goes to another machine without TLS: and with it go all mails."""
    try:
        backend = new_backend()
    except Exception:  # noqa: BLE001 of whichever backend: the mail itself will say so
        return []
    if not isinstance(backend, EmailBackend) or backend.use_tls or backend.use_ssl:
        return []
    if not backend.password or _is_this_machine(backend.host):
        return []
    return [
        Warning(
            f"the password of the mail server {backend.host} is sent without TLS",
            hint="Write smtp+starttls:// or smtps:// in EMAIL_URL (EMAIL_USE_TLS, EMAIL_USE_SSL).",
            id="notifications.W012",
        )
    ]


def sender_can_be_written(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse a sender that the mailer cannot read: each mail would fail with it, as often as it is tried."""
    try:
        sender = with_ascii_domain(settings.DEFAULT_FROM_EMAIL)
        message = EmailMessage(from_email=sender, to=["nobody@example.com"])
        letter = write(EmailBackend(), message)
    # Whatever Django raises about a header.
    except Exception as error:  # noqa: BLE001
        return [_unreadable(str(error))]
    address = parseaddr(letter.sender)[1]  # as smtplib takes it out
    if holds_several(address) or not all(address.rpartition("@")):
        return [_unreadable(f"read as {address!r}")]
    return []


def _unreadable(problem: str) -> CheckMessage:
    return Error(
        f"DEFAULT_FROM_EMAIL is not one mail address: {problem}",
        hint='Set it to one such as "Bank, Inc." <news@example.com>; a name with a comma, brackets or the '
        "like stands in quotes.",
        id="notifications.E013",
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}
