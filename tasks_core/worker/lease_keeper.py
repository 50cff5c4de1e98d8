"""The thread of a worker process that keeps its leases."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import Error, connections

from tasks_core import clock, conf, database
from tasks_core.database import server_clock
from tasks_core.database.answer_limit import answers_within
from tasks_core.sql.lease import renew, still_owned, terminated
from tasks_core.worker.hard_limits import HardLimits
from tasks_core.worker.inflight import InFlight, InFlightTable
from tasks_core.worker.outcome_buffer import FLUSH_SECONDS, OutcomeBuffer
from tasks_core.worker.outcome_writer import OutcomeWriter
from tasks_core.worker.passed_over import PassedOver
from tasks_core.worker.statistics import Measurements

logger = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
"""How often a long handler learns whether its task is still its own."""


class LeaseKeeper(threading.Thread):
    """Runs as long as the process; asleep while there is nothing in flight."""

    def __init__(
        self,
        inflight: InFlightTable,
        outcomes: OutcomeBuffer,
        measurements: Measurements,
        limits: HardLimits,
        passed_over: PassedOver,
        give_overdue_back: Callable[[], None],
    ) -> None:
        super().__init__(name="tasks-keeper", daemon=True)
        self._inflight = inflight
        self._measurements = measurements
        self._limits = limits
        self._passed_over = passed_over
        self._give_overdue_back = give_overdue_back
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._checked_at = time.monotonic()
        self._tending = threading.Lock()
        self._writer = OutcomeWriter(outcomes)

    def start(self) -> None:
        """Begin, and let the writer begin."""
        super().start()
        self._writer.start()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let it look after nothing in this block: for callers whose rows no other connection sees yet."""
        with self._tending, self._writer.resting():
            yield

    def wake(self) -> None:
        """Say that there is something to look after."""
        self._wanted.set()

    def end(self) -> None:
        """Ask both threads to end, and wait for them."""
        self._ended.set()
        self._wanted.set()
        self.join(timeout=5)
        self._writer.end()

    def run(self) -> None:
        """Look after the attempts in flight until ``end``."""
        while not self._ended.is_set():
            self._wanted.wait()
            try:
                self._tend()
            except Error as error:
                logger.warning("leases are not renewed for now: %s", error)
                database.discard(database.connection())
            except BaseException:  # a receiver of ours may raise SystemExit
                logger.exception("the keeper goes on: without it leases would run out")
            if self._is_idle():
                self._wanted.clear()
                if not self._is_idle():  # something came in between
                    self._wanted.set()
            self._ended.wait(FLUSH_SECONDS / 2)
        connections.close_all()

    def _is_idle(self) -> bool:
        return not (
            len(self._inflight) or not self._measurements.is_empty or not self._passed_over.is_empty
        )

    def _tend(self) -> None:
        if not self._tending.acquire(blocking=False):
            return
        try:
            with answers_within():
                self._look_after_all()
        finally:
            self._tending.release()

    def _look_after_all(self) -> None:
        self._give_overdue_back()
        if self._measurements.has_first:  # until it is known, ten of a type are sent at a time
            self._measurements.share(now=clock.now())
        if time.monotonic() - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = time.monotonic()
        self._limits.enforce()
        if not self._measurements.is_empty:
            self._measurements.share(now=clock.now())
        # In time to renew what a step of the database's clock has ended, before recovery takes it.
        refresh = min(server_clock.REFRESH_SECONDS, conf.current().lease_seconds / 3)
        server_clock.follow(seconds=refresh)
        self._keep_leases()
        if not self._passed_over.is_empty:
            self._passed_over.give_back()

    def _keep_leases(self) -> None:
        entries = [entry for entry in self._inflight.all() if not entry.is_lost]
        lease = timedelta(seconds=conf.current().lease_seconds)
        now = clock.now()
        # One that lasts longer than any is from before the database's clock was set back. If this process
        # were lost now, nobody would know for as long as that.
        shortest, longest = lease * (2 / 3), lease * (4 / 3)
        fresh: list[InFlight] = []
        ageing: list[InFlight] = []
        for entry in entries:
            is_fresh = shortest <= entry.lease_until - now <= longest
            (fresh if is_fresh else ageing).append(entry)
        lost = self._renewed(ageing, lease) + _no_longer_owned(fresh)
        # An outcome that was written meanwhile has ended the ownership in the regular way.
        lost = [entry for entry in lost if not entry.is_decided]
        if lost:
            logger.warning("%d tasks were cancelled or taken over while they ran", len(lost))
            self._inflight.mark_lost(lost)
            without_grace = terminated([entry.task.id for entry in lost])
            for entry in lost:
                entry.is_terminated = entry.task.id in without_grace

    def _renewed(self, entries: list[InFlight], lease: timedelta) -> list[InFlight]:
        """Renew the leases of ``entries`` and return those that are lost.

        One whose row somebody has locked, perhaps its own handler, stays ours and is tried again at the next
        look.
        """
        if not entries:
            return []
        lease_until = clock.now() + lease
        renewed = renew([entry.key for entry in entries], lease_until=lease_until)
        for entry in entries:
            if entry.key in renewed:  # another must not look as if its handler might begin
                entry.lease_until = lease_until
        return _no_longer_owned([entry for entry in entries if entry.key not in renewed])


def _no_longer_owned(entries: list[InFlight]) -> list[InFlight]:
    if not entries:
        return []
    owned = still_owned([entry.key for entry in entries])
    return [entry for entry in entries if entry.key not in owned]
