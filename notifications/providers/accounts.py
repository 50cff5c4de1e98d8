"""The enabled providers of a channel, with their credentials opened."""

import json
import logging
import time
from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from notifications.models import Provider
from notifications.providers.account import Account
from tasks_core import logs, sealing

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 2.0
"""How long a process goes on with what it has read; so soon a change takes effect."""

_remembered: dict[str, tuple[float, list[Account]]] = {}
_unopened: set[int] = set()
"""Providers that were told of already, until they can be opened again."""


async def enabled_accounts(channel: str) -> list[Account]:
    """Give the enabled providers of a channel, in the order in which to try them.

    One whose credentials cannot be opened is left out while there are others.

    Raises:
        ImproperlyConfigured: none can be opened; KeyMissing if another worker may have the key.
    """
    known = _remembered.get(channel)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    return await sync_to_async(_read)(channel)


def forget_accounts() -> None:
    """Read anew at the next attempt; whoever changes a provider calls it."""
    _remembered.clear()


def _read(channel: str) -> list[Account]:
    close_old_connections()
    rows = Provider.objects.filter(channel=channel, enabled=True).order_by("position", "pk")
    found = _opened(rows)
    _remembered[channel] = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def _opened(rows: Iterable[Provider]) -> list[Account]:
    found: list[Account] = []
    problems: list[ImproperlyConfigured] = []
    for row in rows:
        try:
            found.append(account_of(row))
        except ImproperlyConfigured as error:
            problems.append(error)
            if row.pk not in _unopened:
                _unopened.add(row.pk)
                logger.error("provider %s is left out: %s", row.name, error)
        else:
            _unopened.discard(row.pk)
    if problems and not found:
        raise problems[0]
    return found


def account_of(row: Provider) -> Account:
    """Open a provider's credentials; they are masked in this process's log lines from then on."""
    credentials: dict[str, str] = json.loads(sealing.unseal(row.credentials))
    logs.hide_everywhere(*credentials.values())
    return Account(
        name=row.name,
        kind=row.kind,
        provider_id=row.pk,
        base_url=row.base_url,
        options=row.options,
        credentials=credentials,
    )
