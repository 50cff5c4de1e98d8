"""The enabled providers of a channel, with their credentials opened."""

import logging
import time

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from django.db.models import QuerySet

from notifications.models import Provider
from notifications.sending.providers.account import Account
from tasks_core import encryption, logs
from tasks_core.database.readable_rows import read_rows, what_is_wrong

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 2.0
"""How long a process goes on with what it has read; so soon a change takes effect."""

_remembered: dict[str, tuple[float, list[Account]]] = {}
_unopened: set[int] = set()
"""Providers that were told of already, until they can be opened again."""


async def enabled_accounts(channel: str) -> list[Account]:
    """Return the enabled providers of a channel, in the order in which to try them.

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


def _opened(rows: QuerySet[Provider]) -> list[Account]:
    found: list[Account] = []
    read = read_rows(rows)
    problems = {
        key: ImproperlyConfigured(f"provider {key}: {what_is_wrong(error)}")
        for key, error in read.unreadable.items()
    }
    for row in read.sound:
        try:
            found.append(account_of(row))
        except ImproperlyConfigured as error:
            problems[row.pk] = error
        else:
            _unopened.discard(row.pk)
    names = {row.pk: row.name for row in read.sound}
    for key in problems.keys() - _unopened:
        _unopened.add(key)
        logger.error("provider %s is left out: %s", names.get(key, key), problems[key])
    if problems and not found:
        raise next(iter(problems.values()))
    return found


def account_of(row: Provider) -> Account:
    """Open a provider's credentials; they are masked in this process's log lines from then on.

    Raises:
        ImproperlyConfigured: they cannot be used; KeyMissing if another worker may have the key.
    """
    credentials = encryption.unseal_object(row.credentials)
    if not all(isinstance(value, str) for value in credentials.values()):
        raise ImproperlyConfigured("its credentials must all be texts; enter them again")
    logs.hide_everywhere(*credentials.values())
    return Account(
        name=row.name,
        kind=row.kind,
        provider_id=row.pk,
        base_url=row.base_url,
        options=row.options,
        credentials=credentials,
    )
