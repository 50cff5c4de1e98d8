"""Django signals of the platform."""

import logging
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

from tasks_core.database.answer_limit import patience_for_others
from tasks_core.engine.states import State

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsuccessfulTask:
    """A task that has just ended without success. The payload is as stored, secrets sealed."""

    task_id: int
    task_type: str
    state: State
    payload: Any
    error: str


class PlatformSignal(Signal):
    """A signal whose receivers end no process: it may have the tasks of others in hand.

    What Django lets through (SystemExit and the like) counts as any other error of a receiver.
    """

    def send(self, sender: Any, **named: Any) -> list[tuple[Any, Any]]:
        """Send to all receivers, up to the first one that fails."""
        try:
            with patience_for_others():
                return super().send(sender, **named)
        except Exception:
            raise
        except BaseException as error:
            raise RuntimeError(f"a receiver has raised {error!r}") from error

    def send_robust(self, sender: Any, **named: Any) -> list[tuple[Any, Any]]:
        """Send to all receivers; what they raise is logged."""
        try:
            with patience_for_others():
                return super().send_robust(sender, **named)
        except BaseException:
            logger.exception("a receiver has tried to end the process; those after it hear nothing")
            return []


tasks_unsuccessful = PlatformSignal()
"""Sent with ``tasks: list[UnsuccessfulTask]`` when tasks end DEAD, CANCELLED or EXPIRED.

It is sent inside the transaction that ends them, whoever does (worker, recovery, cancel, expiry), so what
a receiver writes is committed with it. A receiver that raises undoes the end of the tasks; be quick and
careful.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTask:
    """A task whose attempt was lost with its process. The payload is as stored, secrets sealed."""

    task_id: int
    task_type: str
    payload: Any


attempts_lost = PlatformSignal()
"""Sent with ``tasks: list[LostTask]`` and ``now: datetime`` after the loss of attempts has been committed.

``now`` is when that was seen: what a task began later is another attempt. A receiver that raises is logged.
"""

dead_letters_written = PlatformSignal()
"""Sent with ``ids: list[int]`` after dead letters have been committed: for alerts."""

subscription_parked = PlatformSignal()
"""Sent with ``name: str`` and ``error: str`` when a subscriber of events is parked: for alerts.

It is sent inside the transaction that parks it, so what a receiver writes is committed with that. A receiver
that raises is logged; put statements that may fail into a savepoint, or the parking fails with them.
"""

worker_process_stopping = PlatformSignal()
"""Sent with ``loop: AbstractEventLoop | None`` when a worker process has run its last handler.

Close what handlers left open between tasks: connections of this thread, and those of the standing event loop
(None if no ``async def`` handler has run), which still runs, in another thread.
"""

worker_process_stopped = PlatformSignal()
"""Sent when a worker process has written everything and is about to end.

Send what is still to be sent about it (traces, error reports), in two seconds or so.
"""

attempts_begun = PlatformSignal()
"""Sent with ``tasks: list[ClaimedTask]`` when a worker process has claimed the tasks of a message."""

attempts_recorded = PlatformSignal()
"""Sent with ``attempts: list[FinishedAttempt]`` after outcomes have been written: those that took effect."""
