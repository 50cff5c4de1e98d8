"""The platform's processes on one machine."""

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from scheduler_project.data_folder import data_folder
from scheduler_project.embedded.locks import Lock
from scheduler_project.embedded.ports import LOOPBACK, free_port
from scheduler_project.launch import procfile, readiness
from scheduler_project.launch.leftovers import MARK, end_leftovers
from scheduler_project.launch.process import PlatformProcess

WEB_PORT = 8000
FLOWER_PORT = 5555
WATCH_SECONDS = 0.2
# More than a worker's own grace for running handlers.
STOP_SECONDS = 45.0


class PlatformError(RuntimeError):
    """The platform cannot be started. The text says why and what to do."""


class Platform:
    """web, worker, beat and flower of the Procfile, each restarted when it dies.

    `processes` chooses among them; `environment` adds variables; `folder` keeps logs and locks, and
    only one platform can run on a folder. DATABASE_URL and BROKER_URL must be set, tables must
    exist (`prepare`).
    """

    def __init__(
        self,
        *,
        processes: Collection[str] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder or data_folder()
        self.web_port = free_port(WEB_PORT)
        self.flower_port = free_port(FLOWER_PORT)
        self.processes = {
            name: PlatformProcess(name, command, self._environment(environment or {}), log)
            for name, command in procfile.commands().items()
            if processes is None or name in processes
            for log in [self.log_folder / f"{name}.log"]
        }
        self._lock = Lock(self.folder / "platform")
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)

    @property
    def log_folder(self) -> Path:
        """The folder of the processes' logs, one file each."""
        return self.folder / "logs"

    @property
    def web_url(self) -> str:
        """The address of the admin."""
        return f"http://{LOOPBACK}:{self.web_port}/admin/"

    @property
    def flower_url(self) -> str:
        """The address of Flower."""
        return f"http://{LOOPBACK}:{self.flower_port}/"

    @property
    def started(self) -> bool:
        """Whether `start` has started anything."""
        return self._watcher.ident is not None

    def start(self) -> None:
        """Start the processes; return at once. Raises PlatformError if they run already."""
        if not self._lock.take():
            raise PlatformError(
                f"The platform is already running on {self.folder}: stop it first (Ctrl-C in its "
                "terminal), or set BELLRINGER_DATA_DIR to another folder."
            )
        end_leftovers(self.folder)
        self.log_folder.mkdir(mode=0o700, exist_ok=True)
        for process in self.processes.values():
            process.log.write_bytes(b"")
            process.start()
        self._watcher.start()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until all processes do their work. Raises PlatformError after `seconds`."""
        checks: dict[str, Callable[[], bool]] = {
            "web": lambda: readiness.answers(self.web_url),
            "flower": lambda: readiness.answers(self.flower_url),
            "worker": readiness.worker_answers,
            "beat": lambda: self.processes["beat"].pid is not None,
        }
        deadline = time.monotonic() + seconds
        for name, process in self.processes.items():
            while not checks[name]():
                if time.monotonic() > deadline:
                    raise PlatformError(
                        f"{name} did not start within {seconds:g} s. Its log is {process.log}."
                    )
                self._stopping.wait(WATCH_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop all processes, giving them `seconds` in all to finish what they are doing."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        deadline = time.monotonic() + seconds
        for process in self.processes.values():
            process.ask_to_stop()
        for process in self.processes.values():
            process.wait_stopped(deadline - time.monotonic())
        self._lock.close()

    def _environment(self, additions: Mapping[str, str]) -> dict[str, str]:
        base = {**os.environ, **additions}
        return {
            **base,
            "BIND": LOOPBACK,
            "PORT": str(self.web_port),
            "FLOWER_PORT": str(self.flower_port),
            "BELLRINGER_FLOWER_URL": self.flower_url,
            # `celery` and the rest are those of the running interpreter.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{base.get('PATH', '')}",
            "BELLRINGER_RUNTIME_FOLDER": str(self.folder / "run"),
            MARK: str(self.folder),
        }

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            for process in self.processes.values():
                process.restart_if_dead()
