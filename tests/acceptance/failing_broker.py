"""A Valkey of a test's own that fails as brokers do, and comes back at the same address."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from scheduler_project.embedded.ports import LOOPBACK, free_port
from scheduler_project.embedded.programs import valkey_program
from tests.support.waiting import wait_until

NO_END = "while true do redis.call('ping') end"


class FailingBroker:
    """Started with nothing in it, and each time it is killed it forgets everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"port": self._port, "bind": LOOPBACK, "save": "", "dir": self._folder}
        words = [str(word) for name, value in settings.items() for word in (f"--{name}", value)]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen([str(valkey_program()), *words], stdout=log)
        wait_until(self._answers, what="Valkey answers")

    def kill(self) -> None:
        """Kill it, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def do(self, *command: str | int) -> None:
        """Send it a command."""
        with redis.Redis.from_url(self.url, socket_timeout=10) as client:
            client.execute_command(*command)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Make it a replica, as it is for some seconds while it fails over."""
        self.do("REPLICAOF", LOOPBACK, free_port())
        yield
        self.do("REPLICAOF", "NO", "ONE")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let it have no memory left."""
        self.do("CONFIG", "SET", "maxmemory", 1)
        yield
        self.do("CONFIG", "SET", "maxmemory", 0)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let it answer everybody that it is busy with a script."""
        self.do("CONFIG", "SET", "busy-reply-threshold", 100)
        with (
            redis.Redis.from_url(self.url, socket_timeout=0.5, retry=None) as client,
            suppress(redis.RedisError),
        ):
            client.eval(NO_END, 0)
        yield
        self.do("SCRIPT", "KILL")

    def _answers(self) -> bool:
        try:
            self.do("PING")
        except redis.RedisError:
            return False
        return True
