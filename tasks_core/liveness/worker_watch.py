"""What a worker knows of its own consumption."""

import logging
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from celery.worker import state
from django.db import Error

from tasks_core import clock, conf
from tasks_core.engine.consumption import Consumption, problem_of
from tasks_core.engine.states import State
from tasks_core.liveness.canary import TASK, Canary
from tasks_core.liveness.pool_watch import PoolWatch, is_stopped
from tasks_core.models import Task
from tasks_core.registry import task_types
from tasks_core.worker import process, vain_messages

logger = logging.getLogger(__name__)

TRIES = 100
"""How often the set of what runs is read anew because it changed meanwhile."""


class WorkerWatch:
    """Gathers the facts in the main process of a worker; its threads ask it for the verdict."""

    def __init__(self, name: str, pool: Any, canary: Canary) -> None:
        self._name, self._pool, self._canary = name, pool, canary
        self._pool_watch = PoolWatch(pool)
        self._silent: list[int] = []
        self._leases: tuple[bool, float] | None = None
        self._stuck_since: datetime | None = None
        self._consumed_at: tuple[float, datetime] | None = None

    def problem(self) -> str:
        """Return why this worker does not consume; empty if it does. Asks nothing outside the process."""
        if process.is_stopping():
            return ""
        if problem := self._problem_of_the_pool():
            return problem
        names = active_names()
        others = [name for name in names if name not in task_types() and name != TASK]
        consumption = Consumption(
            waiting_for=self._canary.waiting_for(),
            slots=self._pool.num_processes or 1,
            taken=len(names),
            taken_by_others=len(others),
            are_leases_renewed=self._are_leases_renewed(),
        )
        return problem_of(consumption, patience=conf.current().liveness_seconds)

    def note(self) -> str:
        """Return what the report adds."""
        silent = self._silent
        said = self._note_on_messages()
        return f"{said}; {_standing_still(silent)}" if silent else said

    def _problem_of_the_pool(self) -> str:
        """Notice processes that stand still; a problem are only those that leave nobody to work."""
        silent = self._pool_watch.silent()
        if new := set(silent) - set(self._silent):
            logger.error("worker %s: %s", self._name, _standing_still(sorted(new)))
        self._silent = silent
        is_none_left = len(silent) == (self._pool.num_processes or 1)
        if is_none_left and all(is_stopped(pid) for pid in silent):
            return f"all {len(silent)} processes of its pool are stopped"
        return ""

    def _note_on_messages(self) -> str:
        if self._canary.broker_error:
            return "the broker cannot be reached, so whether it takes messages is not known"
        if self._canary.came_back_at is None:
            return "no probe message has come back yet"
        return f"took a message {time.monotonic() - self._canary.came_back_at:.0f} s ago"

    def look_at_leases(self) -> None:
        """Ask the database whether this worker renews any lease, if that decides anything.

        Raises:
            Error: the database does not answer.
        """
        waiting_for = self._canary.waiting_for()
        if waiting_for is None or waiting_for < conf.current().liveness_seconds / 2:
            return
        running = Task.objects.filter(
            state=State.RUNNING,
            lease_until__gt=clock.now(),
            worker__startswith=f"{self._name}:",
        )
        self._leases = running.exists(), time.monotonic()

    def columns(self) -> dict[str, datetime | list[int] | list[str] | None]:
        """Return what the row of this worker says: when it last consumed, and what is wrong with it."""
        self._ask_if_needed()
        now = clock.now()
        self._stuck_since = (self._stuck_since or now) if self.problem() else None
        return {
            "consumed_at": self._last_consumed(),
            "stuck_since": self._stuck_since,
            "silent_processes": self._silent,
            "vain_processes": [str(vain) for vain in vain_messages.found()],
        }

    def _ask_if_needed(self) -> None:
        try:
            self.look_at_leases()
        except Error:
            self._leases = None
            raise

    def _last_consumed(self) -> datetime | None:
        """Return the instant by the platform's clock, the same one as long as nothing new came back."""
        came_back_at = self._canary.came_back_at
        if came_back_at is None:
            return None
        if self._consumed_at is None or self._consumed_at[0] != came_back_at:
            self._consumed_at = came_back_at, clock.now()
        return self._consumed_at[1]

    def _are_leases_renewed(self) -> bool | None:
        if self._leases is None:
            return None
        were_renewed, asked_at = self._leases
        is_recent = time.monotonic() - asked_at < conf.current().lease_seconds
        return were_renewed if is_recent else None


def _standing_still(pids: list[int]) -> str:
    how = "stopped" if all(is_stopped(pid) for pid in pids) else "silent"
    said = ", ".join(map(str, pids))
    if len(pids) == 1:
        return f"process {said} of its pool stands still ({how})"
    return f"the processes {said} of its pool stand still ({how})"


def active_names() -> list[str]:
    """Return the Celery task names of what runs; the main thread changes the set meanwhile."""
    for _ in range(TRIES):
        with suppress(RuntimeError):
            return [request.name for request in state.active_requests]
    return []
