"""The subscriber that counts: a cursor of its own, which beat moves itself."""

import logging
import os
import socket
import time

from django.db import transaction

from tasks_core import clock, database
from tasks_core.database.answer_limit import LONG_ANSWER_SECONDS, longer_answers_within
from tasks_core.events import cursor as cursors
from tasks_core.events.cursor import Cursor
from tasks_core.events.window import Window
from tasks_core.metrics.roll_up import roll_up
from tasks_core.models import MetricRollup, MetricTotal

logger = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
TURN_SECONDS = 2.0
"""After so long others in the same thread have their turn."""


class LostCursor(Exception):
    """Another beat has the cursor, or an operator has stopped it."""


class MetricsHandler:
    """Counts each event exactly once into ``MetricRollup`` and ``MetricTotal``.

    The counts and the cursor's move are one transaction, and the move is refused to whoever has lost the
    cursor. So any number of these may run, and die at any time. No event ever leaves the database.
    """

    name = "metrics"
    """The name of its cursor."""

    def __init__(self) -> None:
        self._holder = f"beat@{socket.gethostname()}:{os.getpid()}"

    def create(self) -> bool:
        """Make the cursor; False if there is one.

        The first one begins with the first event that is stored. Where something has been counted already,
        the cursor was removed, and what it had counted is not known: it begins with what happens from now on,
        because a count may miss something, but must not have it twice.
        """
        if cursors.existing([self.name]):
            return False
        was_removed = MetricTotal.objects.exists() or MetricRollup.objects.exists()
        if was_removed:
            logger.warning(
                "the cursor %r was removed; events are counted from now on, those since then are not",
                self.name,
            )
        return cursors.create(self.name, from_beginning=not was_removed, now=clock.now())

    def roll_up(self, *, seconds: float = TURN_SECONDS) -> bool:
        """Count what has become visible, for ``seconds`` or one step; tell whether there may be more."""
        cursor = cursors.claim(self.name, holder=self._holder, seconds=LEASE_SECONDS)
        if cursor is None:
            return False
        until = time.monotonic() + seconds
        try:
            is_more = not self._read(cursor, until)
        except LostCursor:
            logger.info("%s: another one counts, or it is paused", self.name)
            is_more = False
        cursors.release(cursor)
        return is_more

    def _read(self, cursor: Cursor, until: float) -> bool:
        window = cursor.window or cursors.open_window(cursor)
        if window is None:
            raise LostCursor
        while not window.is_read:
            window = self._step(cursor, window)
            if time.monotonic() > until and not window.is_read:
                return False
        if cursors.close_window(cursor, goes_on=False) is None:
            raise LostCursor
        return True

    def _step(self, cursor: Cursor, window: Window) -> Window:
        # What one late transaction has written is counted at once, were it millions: cut, it would never be.
        with (
            longer_answers_within(LONG_ANSWER_SECONDS),
            transaction.atomic(using=database.alias()),
        ):
            done = roll_up(window)
            if not cursors.advance(
                cursor,
                done.upper,
                count=done.count,
                last_event_at=done.last_at,
                seconds=LEASE_SECONDS,
            ):
                raise LostCursor
        return window.moved(done.upper)
