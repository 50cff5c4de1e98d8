"""Registering destinations, and switching them on and off."""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidProvider
from notifications.models import Destination
from notifications.sending.destinations.loading import hidden_texts
from tasks_core import clock, encryption, logs
from tasks_core.arguments import storable_arguments

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class TakesDestinations(Protocol):
    """A channel whose addresses are registered."""

    def checked_destination(self, secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the secret as it is to be sealed, and a hint of it that is no secret.

        Raises:
            InvalidProvider: names the field and what would be right; never quotes the secret.
        """
        ...


@storable_arguments(InvalidProvider)
def register_destination(name: str, *, channel: str, **secret: Any) -> Destination:
    """Store a destination, or give the one of this name a new address.

    Args:
        name: what callers give as ``to``: letters, digits, dots, dashes and underscores.
        channel: ``slack``, ``teams``, ``apprise`` (each with ``url=...``) or ``webpush`` (with
            ``subscription={...}``, as the browser gives it).
        secret: what the channel needs to send there; stored encrypted and shown nowhere.

    Raises:
        InvalidProvider: names the field and what would be right.
    """
    kept, hint = check_destination(name, channel, secret)
    values = {
        "sealed": encryption.seal(json.dumps(kept)),
        "hint": hint[:200],
        "enabled": True,
        "disabled_at": None,
        "disabled_reason": "",
    }
    destination, _ = Destination.objects.update_or_create(
        channel=channel,
        name=name,
        defaults=values,
        create_defaults={**values, "created_at": clock.now()},
    )
    return destination


def check_destination(
    name: str, channel: str, secret: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Check a destination; return what is sealed of it, and a hint that is no secret.

    Raises:
        InvalidProvider: names the field and what would be right.
    """
    if not _NAME.fullmatch(name):
        raise InvalidProvider("name", "use letters, digits, dots, dashes, underscores; at most 100")
    logs.hide(*hidden_texts(secret))
    return channel_taking(channel).checked_destination(secret)


def channel_taking(channel: str) -> TakesDestinations:
    """Return the channel whose destinations are registered.

    Raises:
        InvalidProvider: there is none of this name; lists those that there are.
    """
    found = CHANNELS.get(channel)
    if not hasattr(found, "checked_destination"):
        raise InvalidProvider(
            "channel", f"has no destinations; use {', '.join(with_destinations())}"
        )
    return cast("TakesDestinations", found)


def with_destinations() -> list[str]:
    """Name the channels whose addresses are registered."""
    return sorted(name for name, kind in CHANNELS.items() if hasattr(kind, "checked_destination"))
