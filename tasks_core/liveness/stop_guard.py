"""What ends the processes of a worker whose stop takes too long, whatever holds it up.

A database or a broker that is frozen answers nothing and closes nothing, and neither a handler, nor Celery,
nor the end of the interpreter need ever come back from waiting for it. Each step of a stop has a limit of its
own; these threads hold the sum of them.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tasks_core import conf
from tasks_core.database import without_waiting
from tasks_core.database.answer_limit import end_overdue
from tasks_core.events.relay import CELERY_TASK as DELIVERY
from tasks_core.liveness.canary import TASK
from tasks_core.liveness.pool_watch import processes_of
from tasks_core.liveness.worker_watch import active_names
from tasks_core.registry import task_types
from tasks_core.worker import process, pulse

logger = logging.getLogger(__name__)

GIVE_BACK_AFTER, CHILDREN_AFTER, MAIN_AFTER = 8.0, 12.0, 14.0
"""Seconds past the grace time: when handlers are given up in a pool of threads, when the processes of the
pool are ended, and when the main process is. Whoever stops a worker is told to allow it 15."""

BEAT_AFTER = 22.0
"""Seconds after which a beat that stops is ended. Its own steps take 18 at the most."""

LOOK_SECONDS = 0.5


class PoolProcessGuard(threading.Thread):
    """In each process of a prefork pool: gives its sign of life, and ends it when it is orphaned."""

    def __init__(self, parent: int) -> None:
        super().__init__(name="tasks-guard", daemon=True)
        self._parent = parent

    def run(self) -> None:
        """Look again and again, as long as the process lives."""
        pid, never = os.getpid(), threading.Event()
        while True:
            pulse.beat(pid)
            end_overdue()
            if os.getppid() != self._parent:
                process.ask_to_stop()
                if _is_over(CHILDREN_AFTER):
                    os.kill(pid, signal.SIGKILL)
            never.wait(pulse.BEAT_SECONDS)


class WorkerGuard(threading.Thread):
    """In the main process of a worker: ends what is left of the pool after the grace time, then itself.

    Plain Celery tasks are waited for, as Celery does: nothing would bring them back.
    """

    def __init__(self, pool: Any) -> None:
        super().__init__(name="tasks-guard", daemon=True)
        self._pool = pool
        self._over = threading.Event()

    def leave(self) -> None:
        """Let the process live on without the worker, which has stopped."""
        self._over.set()

    def run(self) -> None:
        """Look until the worker has stopped, or must be ended."""
        steps = iter(
            (
                (GIVE_BACK_AFTER, self._give_back),
                (CHILDREN_AFTER, self._end_children),
                (MAIN_AFTER, self._end),
            )
        )
        after, act = next(steps)
        plain_until = float("-inf")
        while not self._over.wait(LOOK_SECONDS):
            end_overdue()
            if _plain_tasks_run():
                plain_until = time.monotonic()  # what they have held up gets its time from here on
            if _is_over(after) and time.monotonic() - plain_until > after:
                act()
                after, act = next(steps, (after, act))

    @staticmethod
    def _give_back() -> None:
        """Give back what runs in this process, in a pool of threads; the database may not answer."""
        without_waiting.begin(process.give_up)

    def _end_children(self) -> None:
        pids = [pid for _, pid in processes_of(self._pool)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if pids:
            _say(f"the stop took too long; the pool processes {pids} were ended")

    def _end(self) -> None:
        self._end_children()
        _say("the stop takes too long; the worker ends unfinished, and nothing is lost by that")
        os._exit(os.EX_SOFTWARE)


class BeatGuard(threading.Thread):
    """In a beat: ends it once it has been stopping for too long."""

    def __init__(self, stopping_for: Callable[[], float]) -> None:
        super().__init__(name="tasks-guard", daemon=True)
        self._stopping_for = stopping_for

    def run(self) -> None:
        """Look as long as the process lives."""
        never = threading.Event()
        while self._stopping_for() < BEAT_AFTER:
            never.wait(LOOK_SECONDS)
        _say("the stop takes too long; beat ends with its duties unfinished, which harms nothing")
        os._exit(os.EX_SOFTWARE)


def _say(text: str) -> None:
    without_waiting.say(logger, logging.ERROR, text)


def _is_over(seconds: float) -> bool:
    stopping_for = process.stopping_for()
    return (
        stopping_for is not None and stopping_for > conf.current().shutdown_grace_seconds + seconds
    )


def _plain_tasks_run() -> bool:
    ours = {*task_types(), TASK, DELIVERY}
    return not ours.issuperset(active_names())
