"""System checks: what would only show when a message is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.rules.quiet_hours import parse_window


def register() -> None:
    """Register the checks with Django."""
    checks.register(_public_url_can_be_reached)
    checks.register(_quiet_hours_can_be_read)
    checks.register(_mails_can_be_unsubscribed_from, deploy=True)


def _public_url_can_be_reached(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    url = conf.current().public_url
    if not url:
        return []
    address = urlsplit(url)
    if address.scheme == "https" and address.hostname and not (address.query or address.fragment):
        return []
    return [
        Error(
            "PUBLIC_URL is not the https:// address of this installation; mail programs follow no other",
            hint="Set it to an address such as https://notify.example.com.",
            id="notifications.E001",
        )
    ]


def _mails_can_be_unsubscribed_from(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    if conf.current().public_url:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL is empty: mails carry no unsubscribe link, and large providers may refuse them",
            hint="Set it to where recipients reach this installation, such as https://notify.example.com.",
            id="notifications.W001",
        )
    ]


def _quiet_hours_can_be_read(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    settings = conf.current()
    found: list[CheckMessage] = []
    try:
        parse_window(settings.quiet_hours)
    except ValueError as error:
        found.append(Error(f"QUIET_HOURS {error}", id="notifications.E002"))
    try:
        ZoneInfo(settings.recipient_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Set it to a name such as Europe/Berlin."
        found.append(
            Error("RECIPIENT_TIMEZONE is no time zone", hint=hint, id="notifications.E003")
        )
    return found
