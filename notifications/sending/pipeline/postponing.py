"""Tasks that come back in a moment, because somebody else keeps a row locked that they need."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError

from tasks_core import Snooze
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.database.errors import is_lock_timeout

AGAIN_SECONDS = 1.0


@contextmanager
def postponed_if_locked() -> Iterator[None]:
    """Open the transaction of a task, whose statements do not wait long for locks.

    Raises:
        Snooze: one of them would have to; no try is used up.
    """
    try:
        with bounded_locks():
            yield
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise Snooze(AGAIN_SECONDS, "somebody else has a row locked that it needs") from error
