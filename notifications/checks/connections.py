"""Settings of outgoing connections that would let nothing out, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from notifications import conf


def connections_can_be_made(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Refuse a number of connections that is none."""
    given = conf.current().outgoing_connections
    if given >= 1:
        return []
    return [
        Error(
            f"OUTGOING_CONNECTIONS is {given}, and a worker process needs at least one",
            hint="Set it to a number such as 400.",
            id="notifications.E008",
        )
    ]
