"""Settings of the sandbox and of retention that would surprise in operation."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.channel_api.registry import CHANNELS
from notifications.privacy.retention.rules import check_rules


def sandbox_is_on(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Say that nothing leaves, and whether where it goes instead can be reached."""
    if conf.current().sandbox:
        return [_is_on(), *_unusable()]
    return []


def retention_can_be_read(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse times of retention that make no sense."""
    try:
        check_rules()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="notifications.E002")]
    return []


def _is_on() -> CheckMessage:
    return checks.Warning(
        "BELLRINGER_SANDBOX is on: messages count as sent and do not leave, but to allowed addresses",
        hint="Remove it where messages are meant to arrive.",
        id="notifications.W001",
    )


def _unusable() -> Iterator[CheckMessage]:
    for number, address in enumerate(conf.current().sandbox_redirect_to, start=1):
        if not any(channel.recognises(address) for channel in CHANNELS.values()):
            yield checks.Error(
                f"entry {number} of BELLRINGER_SANDBOX_REDIRECT_TO is no address of any channel",
                hint="Write a mail address such as qa@example.com, or an https:// URL.",
                id="notifications.E001",
            )
