"""An embedded Valkey (or Redis) server in one folder."""

import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis

from scheduler_project.data_folder import kept_secret
from scheduler_project.embedded.errors import EmbeddedServerError
from scheduler_project.embedded.ports import LOOPBACK, free_port
from scheduler_project.embedded.processes import end, processes_in, spawn, wait_until
from scheduler_project.embedded.programs import valkey_program

NAMES = ("valkey-server", "redis-server")
START_SECONDS = 60
STOP_SECONDS = 15
PORT_ATTEMPTS = 5
SETTINGS = {
    "bind": LOOPBACK,
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": '""',
    "daemonize": "no",
}


@dataclass
class Valkey:
    """Valkey with its data in `folder`; `settings` override those of its configuration file."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        """The server's configuration file. It holds the password, so only the owner reads it."""
        return self.folder / "valkey.conf"

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self.folder / "valkey.log"

    def url(self) -> str | None:
        """Return the BROKER_URL of the running server, None if it is not running."""
        if self._process() is None:
            return None
        found = re.search(r"^port (\d+)$", self.configuration.read_text(), re.MULTILINE)
        if found is None or not self._answers(port := int(found[1])):
            return None
        return self._url(port)

    def start(self) -> str:
        """Start the server unless it runs already; return its BROKER_URL."""
        if url := self.url():
            return url
        # One that runs but does not answer would write to the same files.
        self.stop()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(PORT_ATTEMPTS):
            port = free_port()
            if self._accepts(self._spawn(port), port):
                return self._url(port)
            # Most likely another program was given the port meanwhile.
        raise EmbeddedServerError(f"Valkey does not start. Its log is {self.log}.")

    def stop(self) -> None:
        """Stop the server; nothing happens if it is not running."""
        if process := self._process():
            end(process, signal=signal.SIGTERM, seconds=STOP_SECONDS)

    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    def _url(self, port: int) -> str:
        return f"redis://:{self._password()}@{LOOPBACK}:{port}/0"

    def _process(self) -> psutil.Process | None:
        return next(iter(processes_in(self.folder.resolve(), NAMES)), None)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        self._write_configuration(port)
        command = [str(valkey_program()), str(self.configuration)]
        return spawn(command, log=self.log, folder=self.folder)

    def _write_configuration(self, port: int) -> None:
        settings = {**SETTINGS, **self.settings}
        settings |= {"port": str(port), "requirepass": self._password()}
        self.configuration.touch(mode=0o600)
        # No `dir`: the working folder serves, and needs no quoting however the checkout is called.
        self.configuration.write_text("".join(f"{k} {v}\n" for k, v in settings.items()))

    def _accepts(self, process: subprocess.Popen[bytes], port: int) -> bool:
        wait_until(
            lambda: process.poll() is not None or self._answers(port),
            seconds=START_SECONDS,
            what=f"Valkey did not accept connections (its log: {self.log})",
        )
        return process.poll() is None

    def _answers(self, port: int) -> bool:
        client = redis.Redis.from_url(
            self._url(port), socket_timeout=2, socket_connect_timeout=2, retry=None
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
