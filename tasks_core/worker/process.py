"""What one worker process holds: its attempts, its keeper, its event loop, and the wish to stop."""

import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tasks_core import clock, conf
from tasks_core.database import session_state
from tasks_core.signals import worker_process_stopped, worker_process_stopping
from tasks_core.worker import forked_copies
from tasks_core.worker.backlog import Backlog
from tasks_core.worker.event_loop import EventLoopThread
from tasks_core.worker.hard_limits import GIVE_BACK_SECONDS, HardLimits
from tasks_core.worker.inflight import InFlightTable
from tasks_core.worker.isolation import Room
from tasks_core.worker.lease_keeper import LeaseKeeper
from tasks_core.worker.outcome_buffer import OutcomeBuffer
from tasks_core.worker.passed_over import PassedOver
from tasks_core.worker.release import release
from tasks_core.worker.statistics import Measurements

logger = logging.getLogger(__name__)

WRITE_SECONDS = 9.0
"""How long past the grace time of a stop outcomes are tried to be written."""


class WorkerProcess:
    """Made on first use in each process (after the fork, in the prefork pool)."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        session_state.connect()
        self.inflight = InFlightTable()
        self.outcomes = OutcomeBuffer(self.inflight)
        self.measurements = Measurements()
        self.room = Room(self.inflight, self.outcomes, is_stopping)
        self._backlogs: list[Backlog] = []
        limits = HardLimits(self.inflight, self.outcomes, stopping_for, self._cancel_handlers)
        self.passed_over = PassedOver()
        self.keeper = LeaseKeeper(
            self.inflight,
            self.outcomes,
            self.measurements,
            limits,
            self.passed_over,
            self._give_overdue_back,
        )
        self.keeper.start()
        self._loop: EventLoopThread | None = None
        self._lock = threading.Lock()

    @property
    def loop(self) -> EventLoopThread:
        """The standing event loop, started when first asked for."""
        with self._lock:
            if self._loop is None:
                self._loop = EventLoopThread()
            return self._loop

    @contextmanager
    def waiting(self, backlog: Backlog) -> Iterator[Backlog]:
        """Give back what waits too long in ``backlog`` while the block takes from it."""
        self._backlogs.append(backlog)
        try:
            yield backlog
        finally:
            self._backlogs.remove(backlog)

    def _give_overdue_back(self) -> None:
        for backlog in list(self._backlogs):
            if overdue := backlog.overdue():
                reason = "those before it in its message take long"
                release(overdue, self.inflight, self.outcomes, reason=reason)

    def drain(self) -> None:
        """Let running handlers end within the grace time, hand back the others, write everything."""
        self._end_handlers()
        loop = self._loop.loop if self._loop is not None else None
        worker_process_stopping.send_robust(sender=WorkerProcess, loop=loop)
        if self._loop is not None:
            self._loop.stop()
            self._loop = None
        self._write_all()
        self.keeper.end()
        connections.close_all()
        # Last of all: whatever is sent now must not delay the outcomes.
        worker_process_stopped.send_robust(sender=WorkerProcess)

    def _end_handlers(self) -> None:
        """Wait for the handlers on the loop, cancel them after the grace time, hand back what is left."""
        if self._loop is None:
            return
        # From the wish to stop on, as for the limits: Celery may be long in telling this process.
        grace = conf.current().shutdown_grace_seconds - (stopping_for() or 0.0)
        if self._loop.wait_until_idle(seconds=max(0.0, grace)):
            return
        if not self._cancel_handlers(GIVE_BACK_SECONDS):
            on_the_loop = [entry for entry in self.inflight.all() if entry.task_type.is_async]
            reason = "the worker is shutting down, and the handler did not heed its cancellation"
            release(on_the_loop, self.inflight, self.outcomes, reason=reason)

    @property
    def is_on_loop(self) -> bool:
        """Whether the caller is a handler on the event loop."""
        return self._loop is not None and self._loop.is_current

    def _cancel_handlers(self, seconds: float) -> bool:
        """Cancel the handlers on the loop; False if some still run after ``seconds``."""
        loop = self._loop
        return loop is None or loop.cancel_all(seconds=seconds)

    def _write_all(self) -> None:
        stopping = stopping_for()
        seconds = conf.current().shutdown_grace_seconds
        if stopping is not None:
            seconds = max(1.0, seconds + WRITE_SECONDS - stopping)
        deadline = time.monotonic() + seconds
        while not self.outcomes.flush_all(patience=max(0.0, deadline - time.monotonic())):
            if time.monotonic() > deadline:
                logger.error("outcomes could not be written; the tasks will be run again")
                return
            time.sleep(0.2)
        if not self.measurements.is_empty:
            self.measurements.share(now=clock.now())


# Shared memory: the main process of a prefork worker sets it, its children read it. First whether to
# stop, then since when, by the clock that all processes of a machine share.
_stopping = mmap.mmap(-1, 16)
_SINCE = struct.Struct("d")
_SINCE_AT = 8
_process: WorkerProcess | None = None
_making = threading.Lock()


def _end_copy_on_the_loop() -> None:
    """A copy of the event loop would read what was sent to the real one: it ends before it looks."""
    if _process is not None and _process.is_on_loop:
        _process.loop.loop.call_soon(forked_copies.end_copy)


forked_copies.call_in_copy(_end_copy_on_the_loop)


def current() -> WorkerProcess:
    """Return this process' own, made on first use and anew after a fork."""
    global _process
    with _making:
        if _process is None or _process.pid != os.getpid():
            _process = WorkerProcess()
        return _process


def exists() -> bool:
    """Tell whether this process has run any task."""
    return _process is not None and _process.pid == os.getpid()


def drain() -> None:
    """Drain this process' own, if it has one."""
    global _process
    if _process is not None and _process.pid == os.getpid():
        _process.drain()
        _process = None


def give_up() -> None:
    """Hand back what still runs in this process, and write everything: it is about to be ended."""
    if not exists():
        return
    here = current()
    reason = "the worker stops and the handler did not end in time"
    release(here.inflight.all(), here.inflight, here.outcomes, reason=reason)
    here.outcomes.flush_all()


def ask_to_stop() -> None:
    """Tell this process and its children that no further handler may begin."""
    if not is_stopping():
        _SINCE.pack_into(_stopping, _SINCE_AT, time.monotonic())
        _stopping[0] = 1


def is_stopping() -> bool:
    """Whether the worker is on its way down."""
    return bool(_stopping[0])


def stopping_for() -> float | None:
    """Return the seconds since the worker was asked to stop, None if it was not."""
    if not is_stopping():
        return None
    since: float = _SINCE.unpack_from(_stopping, _SINCE_AT)[0]
    return time.monotonic() - since


def resume() -> None:
    """Take the wish to stop back (a worker that starts in the same process)."""
    _stopping[0] = 0
