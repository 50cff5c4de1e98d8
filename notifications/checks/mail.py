"""How the mail server is spoken to."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning  # noqa: A004  (Django's name)
from django.core.mail.backends.smtp import EmailBackend

from notifications.channels.email.backend import new_backend


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


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}
