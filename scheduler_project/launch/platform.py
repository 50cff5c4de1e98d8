"""The platform's processes on one machine."""

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from scheduler_project.data_folder import data_folder
from scheduler_project.embedded.locks import Lock
from scheduler_project.embedded.ports import LOOPBACK
from scheduler_project.launch import procfile, readiness
from scheduler_project.launch.leftovers import MARK, end_leftovers
from scheduler_project.launch.ports import Ports, listens
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
        self._environment = self._base_environment(environment or {})
        self._ports = Ports({"web": WEB_PORT, "flower": FLOWER_PORT})
        self.processes = {
            name: PlatformProcess(name, command, self._environment, log)
            for name, command in procfile.commands().items()
            if processes is None or name in processes
            for log in [self.log_folder / f"{name}.log"]
        }
        self._lock = Lock(self.folder / "platform")
        self._is_ready = False
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)

    @property
    def log_folder(self) -> Path:
        """The folder of the processes' logs, one file each."""
        return self.folder / "logs"

    @property
    def web_port(self) -> int:
        """Where the web server listens; another one as long as somebody else is found there at the start."""
        return self._ports["web"]

    @property
    def flower_port(self) -> int:
        """Where Flower listens; as `web_port`."""
        return self._ports["flower"]

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
        self._ports.choose()
        self._tell_ports()
        for process in self.processes.values():
            process.log.write_bytes(b"")
            process.start()
        self._watcher.start()

    def wait_ready(self, seconds: float = 120.0) -> None:
        """Wait until all processes do their work. Raises PlatformError after `seconds`."""
        checks: dict[str, Callable[[], bool]] = {
            "web": lambda: self._answers("web", self.web_url),
            "flower": lambda: self._answers("flower", self.flower_url),
            "worker": readiness.worker_answers,
            "beat": lambda: self.processes["beat"].pid is not None,
        }
        deadline = time.monotonic() + seconds
        # All at the same time: a server that was ready starts again if another takes another port.
        while late := next((name for name in self.processes if not checks[name]()), None):
            if time.monotonic() > deadline:
                raise PlatformError(
                    f"{late} did not start within {seconds:g} s. "
                    f"Its log is {self.processes[late].log}."
                )
            self._stopping.wait(WATCH_SECONDS)
        self._is_ready = True

    def _answers(self, name: str, url: str) -> bool:
        """Somebody else who listens there may well answer."""
        pid = self.processes[name].pid
        return pid is not None and listens(pid, self._ports[name]) and readiness.answers(url)

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

    def _base_environment(self, additions: Mapping[str, str]) -> dict[str, str]:
        base = {**os.environ, **additions}
        return {
            **base,
            "BIND": LOOPBACK,
            # `celery` and the rest are those of the running interpreter.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{base.get('PATH', '')}",
            "BELLRINGER_RUNTIME_FOLDER": str(self.folder / "run"),
            MARK: str(self.folder),
        }

    def _tell_ports(self) -> None:
        """Let processes that start from now on know the ports."""
        self._environment["PORT"] = str(self.web_port)
        self._environment["FLOWER_PORT"] = str(self.flower_port)
        self._environment["BELLRINGER_FLOWER_URL"] = self.flower_url

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            for name, process in self.processes.items():
                if process.pid is None and not self._is_ready:
                    self._move_if_taken(name)
                process.restart_if_dead()

    def _move_if_taken(self, name: str) -> None:
        """Give a server that has ended another port if somebody else was faster to take its own.

        Only until all are ready: from then on their addresses are known.
        """
        if not self._ports.move_if_taken(name):
            return
        self._tell_ports()
        if name == "flower" and "web" in self.processes:
            self.processes["web"].ask_to_stop()  # it starts again, and knows where Flower is
