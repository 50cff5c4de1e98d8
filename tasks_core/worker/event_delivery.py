"""Call a subscriber with its events, in a worker: the end of a hint that the relay has sent."""

import logging
import math
import time
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from tasks_core import database
from tasks_core.database.answer_limit import LONG_ANSWER_SECONDS, answers_within
from tasks_core.database.errors import DATABASE_ERRORS, is_outage
from tasks_core.database.sessions import Sessions, sound
from tasks_core.engine.batching import chunks
from tasks_core.engine.events import Event
from tasks_core.events import cursor as cursors
from tasks_core.events.cursor import Cursor
from tasks_core.events.subscription import OneByOneError, Subscription, subscriptions
from tasks_core.events.window import Window, read
from tasks_core.outcomes.failures import failure_of
from tasks_core.signals import subscription_parked
from tasks_core.worker import process
from tasks_core.worker.time_limit import time_limit

logger = logging.getLogger(__name__)

PAGE = 5_000
"""Events that one statement reads."""

SESSION_SECONDS = 5.0
"""After so long a subscriber gives its place in the worker to others; the relay sends another hint."""

SPARE_SECONDS = 10.0
"""What a lease is longer than a call may be."""

MAX_ERROR = 500

OUTAGE_SECONDS = 10.0
"""How soon one is called again that has met a database out of reach: that is no failure of its own."""

LONGEST_RETRY_AFTER = 3_600.0
"""Seconds that a handler may ask for at most with ``RetryAfter``."""


class LostCursor(Exception):
    """Somebody else has the cursor, or an operator has stopped it."""


def deliver(name: str, *, holder: str) -> int:
    """Return the subscriber ``name`` what it has not got yet; return how many events it took.

    A subscriber that fails is called again later. The database's errors are logged: the lease runs out, and
    another worker goes on.
    """
    subscription = subscriptions().get(name)
    if subscription is None:
        return 0  # another release of the code knows it
    session = Session(subscription, holder)
    Sessions().replace_dead()
    try:
        with answers_within():
            session.run()
    except DATABASE_ERRORS as error:
        connection = database.connection()
        if not connection.in_atomic_block:
            database.discard(connection)
        logger.warning("subscriber %s pauses, the database fails: %s", name, error)
    return session.taken


class Session:
    """One turn of one subscriber in one worker."""

    def __init__(self, subscription: Subscription, holder: str) -> None:
        self.subscription = subscription
        self.taken = 0
        self._holder = holder
        self._lease = subscription.max_runtime + SPARE_SECONDS
        self._until = time.monotonic() + SESSION_SECONDS
        self._whose = f"subscriber {subscription.name}"

    def run(self) -> None:
        """Claim the cursor and read window after window, until nothing is new or the turn is over."""
        cursor = database.retried(
            cursors.claim, self.subscription.name, holder=self._holder, seconds=self._lease
        )
        if cursor is None:
            return
        try:
            self._read_on(cursor)
        except LostCursor:
            logger.info(
                "subscriber %s stops: the cursor is taken or stopped", self.subscription.name
            )
            cursors.release(cursor)
        except _Failed as failed:
            self._note_failure(cursor, failed.reason)

    def _read_on(self, cursor: Cursor) -> None:
        goes_on = True
        while goes_on:
            before = self.taken
            window = cursor.window or cursors.open_window(cursor)
            if window is None:
                raise LostCursor
            if not self._read_window(cursor, window):
                cursors.release(cursor)
                return
            goes_on = self.taken >= before + PAGE and not self._is_over()
            following = cursors.close_window(cursor, goes_on=goes_on)
            if following is None:
                raise LostCursor
            cursor = following

    def _read_window(self, cursor: Cursor, window: Window) -> bool:
        """Deliver what is left of ``window``; False if the turn is over before its end."""
        wanted = self.subscription
        while not window.is_read:
            if self._is_over():
                return False
            with answers_within(LONG_ANSWER_SECONDS):
                events, upper = read(
                    window, kinds=wanted.kinds, task_types=wanted.task_types, limit=PAGE
                )
            for batch in chunks(events, wanted.batch_size):
                if not self._hand_over(cursor, batch):
                    return False
            window = window.moved(upper)
            if not window.is_read and (not events or events[-1].id < upper):
                self._advance(cursor, upper, ())
        return True

    def _hand_over(self, cursor: Cursor, batch: Sequence[Event]) -> bool:
        if self._is_over():
            return False
        if self.subscription.atomic:
            # What the subscriber has set in the session outlives the transaction.
            with sound(self._whose):
                self._call_in_transaction(cursor, batch)
        else:
            self._call(cursor, batch)
            self._advance(cursor, batch[-1].id, batch)
        self.taken += len(batch)
        return True

    def _call_in_transaction(self, cursor: Cursor, batch: Sequence[Event]) -> None:
        try:
            with transaction.atomic(using=database.alias()):
                self._call(cursor, batch)
                self._advance(cursor, batch[-1].id, batch)
        except IntegrityError as error:  # found at the commit only
            raise _Failed(error) from error

    def _call(self, cursor: Cursor, batch: Sequence[Event]) -> None:
        limit = self.subscription.max_runtime
        try:
            with sound(self._whose), answers_within(math.inf), time_limit(limit):
                self.subscription.handler(batch)
        except OneByOneError as error:
            done = batch[: error.handled]
            if done and not self.subscription.atomic:
                self._advance(cursor, done[-1].id, done)
            raise _Failed(error.__cause__ or error) from error
        except BaseException as error:
            raise _Failed(error) from error

    def _advance(self, cursor: Cursor, after: int, batch: Sequence[Event]) -> None:
        if not cursors.advance(
            cursor,
            after,
            count=len(batch),
            last_event_at=batch[-1].at if batch else None,
            seconds=self._lease,
        ):
            raise LostCursor

    def _is_over(self) -> bool:
        return time.monotonic() > self._until or process.is_stopping()

    def _note_failure(self, cursor: Cursor, reason: BaseException) -> None:
        name, most = self.subscription.name, self.subscription.max_failures
        failure = failure_of(reason)
        error = f"{type(reason).__name__}: {failure.message}"[:MAX_ERROR]
        pause = min(failure.retry_after or 0.0, LONGEST_RETRY_AFTER)
        is_charged = not is_outage(reason)
        if not is_charged:
            pause = max(pause, OUTAGE_SECONDS)
        # Together, so that a worker that dies here leaves no subscriber parked of which nobody was told.
        with transaction.atomic(using=database.alias()):
            noted = cursors.fail(
                cursor, error=error, max_failures=most, pause=pause, is_charged=is_charged
            )
            if noted is None:
                return
            state, failures = noted
            if state == "parked":
                subscription_parked.send_robust(sender=None, name=name, error=error)
        logger.warning("subscriber %s failed (%d of %d)", name, failures, most, exc_info=reason)
        if state == "parked":
            logger.error(
                "subscriber %s is parked after %d failures; mend it, then run: "
                "manage.py resume_subscription %s",
                name,
                failures,
                name,
            )


class _Failed(Exception):
    def __init__(self, reason: BaseException) -> None:
        super().__init__(str(reason))
        self.reason = reason
