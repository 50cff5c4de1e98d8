"""Settings of recipients that would only show when a message is due."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.rules.domains import ascii_domain
from notifications.rules.quiet_hours import parse_window
from tasks_core.engine.single_line import is_single_line


def public_url_can_be_reached(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Refuse an address that mail programs do not follow."""
    url = conf.current().public_url
    if not url:
        return []
    if _is_public(url):
        return []
    return [
        Error(
            "PUBLIC_URL is not the https:// address of this installation; mail programs follow no other",
            hint=f"Set it to an address such as {_in_ascii(url) or 'https://notify.example.com'}.",
            id="notifications.E003",
        )
    ]


def _is_public(url: str) -> bool:
    """Tell whether it can stand in a link and in a header, which knows no characters beyond ASCII."""
    try:
        address = urlsplit(url)
        is_one = bool(address.hostname) and address.port != 0
    except ValueError:
        return False
    schemes = ("https", "http") if settings.DEBUG else ("https",)  # to try links out locally
    is_plain = url.isascii() and is_single_line(url) and not set(url) & set(' <>"@\\')
    return (
        is_one
        and is_plain
        and address.scheme in schemes
        and not (address.query or address.fragment)
    )


def _in_ascii(url: str) -> str:
    """Return the address of an international name as it is reached, if there is one."""
    try:
        host = urlsplit(url).hostname or ""
        return "" if host.isascii() else f"https://{ascii_domain(host)}"
    except ValueError:
        return ""


def mails_can_be_unsubscribed_from(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Warn of mails without an unsubscribe link."""
    if conf.current().public_url:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL is empty: mails carry no unsubscribe link, and large providers may refuse them",
            hint="Set it to where recipients reach this installation, such as https://notify.example.com.",
            id="notifications.W002",
        )
    ]


def quiet_hours_can_be_read(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Refuse quiet hours and time zones that nobody can read."""
    given = conf.current()
    found: list[CheckMessage] = []
    try:
        parse_window(given.quiet_hours)
    except ValueError as error:
        found.append(Error(f"QUIET_HOURS {error}", id="notifications.E004"))
    try:
        ZoneInfo(given.recipient_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Set it to a name such as Europe/Berlin."
        found.append(
            Error("RECIPIENT_TIMEZONE is no time zone", hint=hint, id="notifications.E005")
        )
    return found
