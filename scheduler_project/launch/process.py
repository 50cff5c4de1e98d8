"""One process of the platform: started, watched, started again if it dies, stopped cleanly."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from scheduler_project.data_folder import CHECKOUT

# Keeps a process that cannot start from filling the disk with its complaints.
RESTART_AFTER_SECONDS = 1.0


class PlatformProcess:
    """A command of the Procfile, whose output goes to `log`."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.restarts = 0
        # `exec`, so that signals reach the program and not a shell around it.
        self._command = f"exec {command}"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id, None if the process is not running."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> None:
        """Start the process, in a session of its own: a terminal's Ctrl-C is not for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S602 # the Procfile is our own
                self._command,
                shell=True,
                env=self._environment,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started_at = time.monotonic()

    def restart_if_dead(self) -> bool:
        """Start the process again if it has ended; return whether it was started."""
        if self.pid is not None or time.monotonic() < self._started_at + RESTART_AFTER_SECONDS:
            return False
        self._kill_group()
        self.restarts += 1
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process alone. Its children are for it to stop, in its own time."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait_stopped(self, seconds: float) -> bool:
        """Wait until the process has ended; kill it after `seconds`. Say if it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        else:
            return True
        finally:
            self._kill_group()
            self._process.wait()
            self._process = None

    def _kill_group(self) -> None:
        """Kill what is left of the process and its children."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # Nothing is left. (macOS says the latter where only zombies are left.)
            return
