"""Decide when to look at a whole index, and when only from a remembered place on.

An index keeps what has left it as long as anybody's old transaction might want to see it, so a look at the
whole of it may take seconds.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import Error, transaction
from psycopg.errors import QueryCanceled

from tasks_core import database
from tasks_core.database.answer_limit import is_limited, limit_of, longer_answers_within

logger = logging.getLogger(__name__)

_LIMIT_STATEMENTS = "SELECT set_config('statement_timeout', %(value)s, true)"

CHEAP_SECONDS = 0.003
"""While one of the last few looks at everything took no longer than this, each look is one."""

LAST_LOOKS = 5
"""How many those are: on a busy machine a single look takes long for reasons of its own."""

PAUSE = 50
"""Otherwise the next one comes after so many times what it took: a fiftieth of the time goes into them."""

LONGEST_PAUSE_SECONDS = 15.0
"""What was put in front waits for it, such as a task whose message was lost: it is this long at the most."""

LEAST_PAUSE = 10
"""Unless it took so long that this many times as much is more: what is new waits while it is made."""

PATIENCE_SECONDS = 120.0
"""So long one may take in beat once one was cut by a time limit: it would else be cut each time, and what is
in front never found."""


class FullLooks:
    """At one index: as often as they stay a small share of the time, and always while they are cheap.

    One that is cut by a time limit, of the role or of this thread, is not due again for a while.

    Args:
        is_patient: whether the next one may take ``PATIENCE_SECONDS`` then.
    """

    def __init__(self, *, is_patient: bool = True) -> None:
        self._is_patient = is_patient
        self._took: deque[float] = deque(maxlen=LAST_LOOKS)
        self._looked_at = float("-inf")
        self._spared_until = float("-inf")
        self._cut_after: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether the next look is one at everything."""
        now = time.monotonic()
        if now < self._spared_until:
            return False
        if len(self._took) < LAST_LOOKS:
            return True
        cost = min(self._took)
        pause = min(PAUSE * cost, max(LONGEST_PAUSE_SECONDS, LEAST_PAUSE * cost))
        return cost <= CHEAP_SECONDS or now - self._looked_at >= pause

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take the time of a look at everything, and give it more of that after one that was cut."""
        began = time.monotonic()
        try:
            with _patience() if self._is_patient and self._cut_after is not None else nullcontext():
                yield
        except Error as error:
            took = time.monotonic() - began
            if _is_cut(error, took):
                self._spare(took)
            raise
        self._looked_at = time.monotonic()
        self._took.append(self._looked_at - began)
        if self._cut_after is not None and self._took[-1] < self._cut_after:
            self._cut_after = None

    def forget(self) -> None:
        """Look at everything next time, unless that has just been cut."""
        self._looked_at = float("-inf")

    def _spare(self, took: float) -> None:
        is_first = self._cut_after is None
        pause = (
            LONGEST_PAUSE_SECONDS if is_first else max(LONGEST_PAUSE_SECONDS, LEAST_PAUSE * took)
        )
        if is_first:
            self._cut_after = took
        self._spared_until = time.monotonic() + pause
        logger.warning(
            "a look at a whole index was cut after %.1f s; for %.0f s only what is new is found. See which "
            "transaction has been open for long, and whether the role has a statement_timeout",
            took,
            pause,
        )


@contextmanager
def _patience() -> Iterator[None]:
    """Set the limits aside, where this thread waits for statements of the platform's own alone."""
    if not is_limited() or database.connection().in_atomic_block:
        yield
        return
    with longer_answers_within(PATIENCE_SECONDS), transaction.atomic(using=database.alias()):
        database.fetch(_LIMIT_STATEMENTS, {"value": f"{PATIENCE_SECONDS * 1000:.0f}ms"})
        yield


def _is_cut(error: Error, took: float) -> bool:
    return isinstance(error.__cause__, QueryCanceled) or (
        is_limited() and took >= limit_of(threading.get_ident())
    )
