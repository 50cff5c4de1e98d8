"""Django signals of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

from tasks_core.engine.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsuccessfulTask:
    """A task that has just ended without success. The payload is as stored, secrets sealed."""

    task_id: int
    task_type: str
    state: State
    payload: Any
    error: str


tasks_unsuccessful = Signal()
"""Sent with ``tasks: list[UnsuccessfulTask]`` when tasks end DEAD, CANCELLED or EXPIRED.

It is sent inside the transaction that ends them, whoever does (worker, recovery, cancel, expiry), so what
a receiver writes is committed with it. A receiver that raises undoes the end of the tasks; be quick and
careful.
"""

dead_letters_written = Signal()
"""Sent with ``ids: list[int]`` after dead letters have been committed: for alerts."""

subscription_parked = Signal()
"""Sent with ``name: str`` and ``error: str`` when a subscriber of events is parked: for alerts.

It is sent inside the transaction that parks it, so what a receiver writes is committed with that. A receiver
that raises is logged; put statements that may fail into a savepoint, or the parking fails with them.
"""

worker_process_stopping = Signal()
"""Sent with ``loop: AbstractEventLoop | None`` when a worker process has run its last handler.

Close what handlers left open between tasks: connections of this thread, and those of the standing event loop
(None if no ``async def`` handler has run), which still runs, in another thread.
"""

worker_process_stopped = Signal()
"""Sent when a worker process has written everything and is about to end.

Send what is still to be sent about it (traces, error reports), in two seconds or so.
"""

attempts_begun = Signal()
"""Sent with ``tasks: list[ClaimedTask]`` when a worker process has claimed the tasks of a message."""

attempts_recorded = Signal()
"""Sent with ``attempts: list[FinishedAttempt]`` after outcomes have been written: those that took effect."""
