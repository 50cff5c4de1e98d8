"""The thread in which a process reports on itself."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tasks_core import conf
from tasks_core.liveness import folder as folders
from tasks_core.liveness.report import Report, path_of, write
from tasks_core.liveness.watchdog import tell_systemd

logger = logging.getLogger(__name__)

LONGEST_FRESH = 20.0
"""Seconds after which a report is stale, at most: the thread waits for nothing but the local disk."""


class Reporter(threading.Thread):
    """Writes every other second what ``problem`` says; it asks neither database nor broker itself."""

    def __init__(
        self, role: str, name: str, problem: Callable[[], str], note: Callable[[], str] = str
    ) -> None:
        super().__init__(name="tasks-reporter", daemon=True)
        self._who = (role, name)
        self._problem, self._note = problem, note
        self._fresh_for = min(LONGEST_FRESH, conf.current().liveness_seconds)
        self._folder = _folder()
        self._told: str = ""
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Take the report away: the process ends in good order."""
        self._stopped.set()
        self.join(timeout=5)
        path_of(self._folder, *self._who).unlink(missing_ok=True)

    def run(self) -> None:
        """Report until stopped."""
        while not self._stopped.is_set():
            try:
                self._report()
            except OSError as error:
                self._complain(f"the liveness report cannot be written: {error}")
            except Exception:
                logger.exception("the liveness report is not written")
            self._stopped.wait(self._fresh_for / 10)

    def _report(self) -> None:
        role, name = self._who
        problem = self._problem()
        if problem:
            self._complain(f"{role} {name} does not work: {problem}")
        else:
            tell_systemd()
            self._told = ""
        report = Report(
            role=role,
            name=name,
            pid=os.getpid(),
            written_at=time.monotonic(),
            fresh_for=self._fresh_for,
            problem=problem,
            note=self._note(),
        )
        write(folders.prepared(self._folder), report)

    def _complain(self, text: str) -> None:
        if not self._told:
            logger.error("%s", text)
        self._told = text


def _folder() -> Path:
    chosen = conf.current().runtime_folder
    return Path(chosen) if chosen else folders.runtime_folder(os.environ)
