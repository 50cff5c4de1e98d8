"""A worker or beat that says it is there."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import Error, connections

from tasks_core import clock
from tasks_core.models import Worker
from tasks_core.models.worker import HEARTBEAT
from tasks_core.registry import task_types
from tasks_core.versions import versions

logger = logging.getLogger(__name__)


def beat_name() -> str:
    """Return what this process is called if it is a beat."""
    return f"beat@{socket.gethostname()}:{os.getpid()}"


Columns = Callable[[], Mapping[str, Any]]


class Presence(threading.Thread):
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
            "concurrency": concurrency,
            "version": versions().get("bellringer", ""),
            "stopped_at": None,
            "consumed_at": None,
            "stuck_since": None,
        }
        self._stopped = threading.Event()

    @classmethod
    def of_beat(cls, *, columns: Columns) -> Presence:
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
                is_registered = self._beat() if is_registered else self._register()
            except Error as error:
                logger.warning("the heartbeat of %s is not written: %s", self.known_as, error)
                connections.close_all()
            self._stopped.wait(HEARTBEAT.total_seconds())
        self._sign_off()

    def _register(self) -> bool:
        now = clock.now()
        Worker.objects.update_or_create(
            name=self.known_as, defaults={**self._facts, "started_at": now, "heartbeat_at": now}
        )
        return True

    def _beat(self) -> bool:
        columns = {**self._columns(), "heartbeat_at": clock.now()}
        return bool(Worker.objects.filter(name=self.known_as).update(**columns))

    def _sign_off(self) -> None:
        try:
            Worker.objects.filter(name=self.known_as, stopped_at__isnull=True).update(
                stopped_at=clock.now()
            )
        except Error as error:
            logger.warning("%s could not sign off: %s", self.known_as, error)
        finally:
            connections.close_all()
