"""Waits for locks that end, where passing over what is locked makes no sense.

Unique keys, foreign keys and rows that must be changed now cannot be skipped. Whoever holds them may be a
caller who leaves its transaction open for minutes; no thread of a worker or of beat waits so long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from tasks_core import database

LOCK_SECONDS = 2.0
"""So long a statement of worker or beat waits for a lock."""

# For this transaction only: the session is the handler's as well, and behind a pooler others'.
_LIMIT_WAITING = "SELECT set_config('lock_timeout', %(value)s, true)"


@contextmanager
def bounded_locks(*, seconds: float | None = None) -> Iterator[None]:
    """Open a transaction in which no statement waits longer than ``seconds`` for a lock.

    It then fails with what ``database_errors.is_lock_timeout`` knows. Within a transaction of the caller,
    whose waits are its own business, nothing is limited.
    """
    is_outermost = not database.connection().in_atomic_block
    with transaction.atomic(using=database.alias()):
        if is_outermost:
            database.fetch(_LIMIT_WAITING, {"value": lock_timeout(seconds)})
        yield


def lock_timeout(seconds: float | None = None) -> str:
    """Return a bound as PostgreSQL takes it."""
    return f"{(LOCK_SECONDS if seconds is None else seconds) * 1000:.0f}ms"
