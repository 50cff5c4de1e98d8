"""Open destinations when something is sent: concurrent deliveries with one query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notifications.models import Destination
from notifications.rules.outcome import Outcome, SendResult, without_key
from notifications.sending.coalescing import Coalescer
from tasks_core import encryption, logs

SHORTEST_PATH = 8
"""A shorter path holds no secret."""


@dataclass(frozen=True)
class Opened:
    """A destination with its secret, as it is now."""

    name: str
    secret: dict[str, Any] = field(repr=False)


def open_all(asked: list[tuple[str, str]]) -> list[Opened | SendResult]:
    """Return each destination (channel, name) opened, or why nothing can be sent there."""
    channels, names = {channel for channel, _ in asked}, {name for _, name in asked}
    # No more than is needed: an instant that cannot be read would fail all that are asked for together.
    rows = Destination.objects.filter(channel__in=channels, name__in=names).only(
        "channel", "name", "enabled", "disabled_reason", "sealed"
    )
    found = {(row.channel, row.name): row for row in rows}
    return [_opened(found.get(one)) for one in asked]


_open_together: Coalescer[tuple[str, str], Opened | SendResult] = Coalescer(open_all)


async def open_destination(channel: str, name: str) -> Opened | SendResult:
    """Return one destination opened; what concurrent coroutines ask for is read together.

    Its secret is masked in the log lines of the attempt that runs.
    """
    found = await _open_together((channel, name))
    if isinstance(found, Opened):
        logs.hide(*hidden_texts(found.secret))
    return found


def hidden_texts(secret: Mapping[str, Any]) -> list[str]:
    """Return all texts in a secret; of addresses also what stands behind the host, or behind a slash."""
    found: list[str] = []
    for value in secret.values():
        found += hidden_texts(value) if isinstance(value, Mapping) else _with_path(str(value))
    return found


def _with_path(text: str) -> list[str]:
    host_and_path = text.partition("://")[2]
    parts = host_and_path.partition("/")[2].split("/")
    tails = ("/".join(parts[number:]) for number in range(len(parts)))
    return [text, *(tail for tail in tails if len(tail) >= SHORTEST_PATH)]


def _opened(row: Destination | None) -> Opened | SendResult:
    if row is None:
        return SendResult(outcome=Outcome.PERMANENT, error="the destination was removed")
    if not row.enabled:
        reason = row.disabled_reason or "by an operator"
        return SendResult(outcome=Outcome.PERMANENT, error=f"the destination is off: {reason}")
    try:
        secret = encryption.unseal_object(row.sealed)
    except encryption.KeyMissing as error:
        return without_key(error)
    except ImproperlyConfigured as error:
        return SendResult(outcome=Outcome.TRANSIENT, error=str(error))
    return Opened(row.name, secret)
