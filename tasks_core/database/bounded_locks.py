"""Waits for locks that end, where passing over what is locked makes no sense.

Unique keys, foreign keys and rows that must be changed now cannot be skipped. Whoever holds them may be a
caller who leaves its transaction open for minutes; no thread of a worker or of beat waits so long.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from tasks_core import database

LOCK_SECONDS = 2.0
"""So long a statement of worker or beat waits for a lock."""

BRIEF_LOCK_SECONDS = 0.5
"""The same while it has locked what others want, or many depend on it."""

# For this transaction only: the session is the handler's as well, and behind a pooler others'.
_LIMIT_WAITING = "SELECT set_config('lock_timeout', %(value)s, true)"

BOUNDED = f"(SELECT set_config('lock_timeout', '{LOCK_SECONDS * 1000:.0f}ms', true)) IS NOT NULL"
"""The same as a condition of a single statement: PostgreSQL asks it once, before it looks at any row."""


@contextmanager
def bounded_locks(*, seconds: float | None = None) -> Iterator[None]:
    """Open a transaction in which no statement waits longer than ``seconds`` for a lock.

    It then fails with what ``database_errors.is_lock_timeout`` knows. Within a transaction of the caller,
    whose waits are its own business, nothing is limited.
    """
    is_outermost = not database.connection().in_atomic_block
    with transaction.atomic(using=database.alias()):
        if is_outermost:
            database.fetch(_LIMIT_WAITING, {"value": lock_timeout(seconds or LOCK_SECONDS)})
        yield


def lock_timeout(seconds: float) -> str:
    """Return a bound as PostgreSQL takes it."""
    return f"{seconds * 1000:.0f}ms"
