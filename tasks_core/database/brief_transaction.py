"""Transactions of beat, which end though their process does not go on.

A beat that is frozen, or cut off from the database without a word, in the middle of a transaction would
keep its locks for as long as that lasts: no other could take the lead, and no other would touch the
schedules that it had locked. Nor does one wait for long for what somebody else has locked, holding its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from tasks_core import database
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, lock_timeout

IDLE_SECONDS = 5.0
"""After so long without a statement the server ends the session. Less than a leader's lease."""

RECEIVERS_SECONDS = 60.0
"""Where receivers of other apps run within it."""

# For this transaction only: behind a pooler the session is others' as well.
_LIMITS = """
SELECT set_config('idle_in_transaction_session_timeout', %(idle)s, true),
    set_config('lock_timeout', %(lock)s, true)
"""


@contextmanager
def brief_transaction(*, seconds: float = IDLE_SECONDS) -> Iterator[None]:
    """Open a transaction that the server rolls back if this process says nothing for ``seconds``.

    Its statements do not wait for locks for long (see ``bounded_locks``). Within a transaction of the caller,
    whose idleness is its own business, nothing is limited.
    """
    is_outermost = not database.connection().in_atomic_block
    with transaction.atomic(using=database.alias()):
        if is_outermost:
            lock = lock_timeout(BRIEF_LOCK_SECONDS)
            database.fetch(_LIMITS, {"idle": f"{seconds * 1000:.0f}", "lock": lock})
        yield
