"""A worker or beat that says it is there."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import Error, connections

from tasks_core import clock
from tasks_core.database import server_clock
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.events.subscription import subscriptions
from tasks_core.models import Worker
from tasks_core.models.worker import HEARTBEAT, MOST_SKEW
from tasks_core.outcomes.versions import versions
from tasks_core.registry import task_types

logger = logging.getLogger(__name__)


def beat_name() -> str:
    """Return what this process is called if it is a beat."""
    return f"beat@{socket.gethostname()}:{os.getpid()}"


Columns = Callable[[], Mapping[str, Any]]


class Heartbeat(threading.Thread):
    """Registers a process in the database and renews its heartbeat until stopped.

    ``columns`` gives what else to write into the row with each heartbeat. It has its own
    thread, because the main process of a worker is an event loop that must not wait.
    """

    def __init__(
        self,
        name: str,
        role: Worker.Role,
        *,
        queues: Sequence[str] = (),
        task_types: Sequence[str] = (),
        concurrency: int = 0,
        columns: Columns,
    ) -> None:
        super().__init__(name="tasks-presence", daemon=True)
        self.known_as = name
        self._columns = columns
        self._facts = {
            "role": role,
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "queues": sorted(queues),
            "task_types": sorted(task_types),
            "subscribers": sorted(subscriptions()),
            "concurrency": concurrency,
            "version": versions().get("bellringer", ""),
            "stopped_at": None,
            "consumed_at": None,
            "stuck_since": None,
            "silent_processes": None,
            "vain_processes": None,
            "failing_rows": "",
        }
        self._began = clock.steady()
        self._stopped = threading.Event()
        self._is_off = False

    @classmethod
    def of_beat(cls, *, columns: Columns) -> "Heartbeat":
        """Return the presence of this beat process."""
        return cls(beat_name(), Worker.Role.BEAT, task_types=list(task_types()), columns=columns)

    def stop(self) -> None:
        """Say that the process stops in good order."""
        self._stopped.set()
        self.join(timeout=HEARTBEAT.total_seconds())

    def run(self) -> None:
        """Register, then beat until stopped; a database out of reach is waited for."""
        is_registered = False
        while not self._stopped.is_set():
            try:
                with answers_within():
                    server_clock.follow()
                    is_registered = self._beat() if is_registered else self._register()
            except Exception as error:  # noqa: BLE001 nobody starts this thread again
                logger.warning("the heartbeat of %s is not written: %s", self.known_as, error)
                connections.close_all()
            self._stopped.wait(HEARTBEAT.total_seconds())
        self._sign_off()

    def _register(self) -> bool:
        now = clock.now()
        # Its tasks may have begun before this: what was claimed earlier is taken for its predecessor's.
        began = now - timedelta(seconds=clock.steady() - self._began)
        facts = {**self._facts, "clock_skew": self._clock_skew()}
        with bounded_locks():
            Worker.objects.update_or_create(
                name=self.known_as, defaults={**facts, "started_at": began, "heartbeat_at": now}
            )
        return True

    def _beat(self) -> bool:
        columns = {
            **self._columns(),
            "heartbeat_at": clock.now(),
            "clock_skew": self._clock_skew(),
        }
        with bounded_locks():
            return bool(Worker.objects.filter(name=self.known_as).update(**columns))

    def _clock_skew(self) -> float | None:
        """Return how far this machine's clock is ahead of the database's, and say once if that is much."""
        skew = clock.machine_skew()
        is_off = skew is not None and abs(skew) > MOST_SKEW
        if is_off and not self._is_off:
            logger.warning(
                "the clock of this machine is %+.1f s off that of the database, by which the platform goes; "
                "let it follow a time server",
                skew,
            )
        self._is_off = is_off
        return skew

    def _sign_off(self) -> None:
        try:
            with bounded_locks():
                Worker.objects.filter(name=self.known_as, stopped_at__isnull=True).update(
                    stopped_at=clock.now()
                )
        except Error as error:
            logger.warning("%s could not sign off: %s", self.known_as, error)
        finally:
            connections.close_all()
