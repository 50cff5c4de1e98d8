"""The servers, the ways to them, and the processes that a campaign plays with."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import redis

from scheduler_project.embedded.processes import processes_in
from scheduler_project.embedded.servers import Servers
from tests.support.forwarder import Forwarder, forwarding

WORKERS, BEATS = ("one", "two"), ("beat-a", "beat-b")


class Stage:
    """Two workers with two processes each and two beats, which reach their servers through forwarders.

    The caller, which is this process, has ways of its own: what cuts off the platform does not cut it off.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.servers = Servers(folder / "servers")
        self._stack = ExitStack()
        self.database_urls: dict[str, str] = {}
        self.broker_urls: dict[str, str] = {}
        self.database: dict[str, Forwarder] = {}
        self.broker: dict[str, Forwarder] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def open(self) -> "Iterator[Stage]":
        """Start the servers, and end everything afterwards."""
        with self._stack:
            self._stack.enter_context(self.servers.used(fresh=True))
            for name in ("platform", "caller"):
                for way, urls, server in (
                    (self.database, self.database_urls, self.servers.postgres),
                    (self.broker, self.broker_urls, self.servers.valkey),
                ):
                    address = urlsplit(server.url() or "")
                    host, port = address.hostname or "", address.port or 0
                    way[name] = self._stack.enter_context(forwarding(host, port))
                    netloc = address.netloc.replace(f":{port}", f":{way[name].port}")
                    urls[name] = address._replace(netloc=netloc).geturl()
            yield self

    def start_all(self) -> None:
        """Start what does not run."""
        from django.db import connections

        from tests.acceptance.processes import Processes

        connections.close_all()  # the fault may have ended the server that they lead to

        if not hasattr(self, "processes"):
            environment = {
                **os.environ,
                "DATABASE_URL": self.database_urls["platform"],
                "BROKER_URL": self.broker_urls["platform"],
            }
            self.processes = Processes(environment, self._folder)
            self._stack.callback(self._end_all)
        for name in WORKERS:
            if not self._runs(name):
                self.running[name] = self.processes.start_worker(name)
        for name in BEATS:
            if not self._runs(name):
                self.running[name] = self.processes.start_beat(name)

    def ended(self) -> list[str]:
        """Return the processes that are not running."""
        return [name for name in (*WORKERS, *BEATS) if not self._runs(name)]

    def kill(self, name: str, how: int = signal.SIGKILL) -> None:
        """Send a signal to a process, and wait for its end if it cannot but end."""
        self.running[name].send_signal(how)
        if how == signal.SIGKILL:
            self.running[name].wait(20)

    def kill_tree(self, name: str) -> None:
        """Kill a process with its children, as the loss of a machine does."""
        tree = self.tree(name)
        for process in tree:
            with suppress(psutil.Error):
                process.kill()
        self.running[name].wait(20)

    def tree(self, name: str) -> list[psutil.Process]:
        """Return a process and its children."""
        main = psutil.Process(self.running[name].pid)
        return [main, *main.children(recursive=True)]

    def children(self, name: str) -> list[psutil.Process]:
        """Return the children of a process."""
        return psutil.Process(self.running[name].pid).children()

    @contextmanager
    def frozen(self, processes: list[psutil.Process]) -> Iterator[None]:
        """Stop processes for the block; those that ended meanwhile are passed over."""
        for process in processes:
            with suppress(psutil.Error):
                process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.Error):
                    process.resume()

    def postgres_processes(self) -> list[psutil.Process]:
        """Return the database server's processes, the first one first."""
        found = processes_in(self.servers.postgres.data.resolve(), ["postgres"])
        return sorted(found, key=lambda process: process.pid)

    def valkey_processes(self) -> list[psutil.Process]:
        """Return the broker's process."""
        return processes_in(self.servers.valkey.folder.resolve(), ["valkey-server", "redis-server"])

    def restart_postgres(self) -> None:
        """Start the database server, and lead to where it is now."""
        url = urlsplit(self.servers.postgres.start())
        for way in self.database.values():
            way.server = (url.hostname or "", url.port or 0)

    def restart_valkey(self) -> None:
        """Start the broker, and lead to where it is now."""
        url = urlsplit(self.servers.valkey.start())
        for way in self.broker.values():
            way.server = (url.hostname or "", url.port or 0)

    def sql(self, statement: str, *, times: int = 20) -> None:
        """Run a statement straight on the server, in a session of its own."""
        for left in reversed(range(times)):
            try:
                with psycopg.connect(self.servers.postgres.url() or "", autocommit=True) as session:
                    session.execute(statement)
                return
            except psycopg.OperationalError:
                if not left:
                    raise
                time.sleep(0.5)

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """Give a session of a stranger, whose open transaction is rolled back at the end."""
        with psycopg.connect(self.servers.postgres.url() or "") as session:
            yield session
            session.rollback()

    def redis(self) -> redis.Redis:
        """Return a client straight to the broker."""
        return redis.Redis.from_url(self.servers.valkey.url() or "", socket_timeout=10)

    def log(self, name: str) -> str:
        """Return what a process has printed."""
        return self.processes.log(name)

    def _runs(self, name: str) -> bool:
        return name in self.running and self.running[name].poll() is None

    def _end_all(self) -> None:
        for process in [*self.postgres_processes(), *self.valkey_processes()]:
            with suppress(psutil.Error):
                process.resume()
        for name in self.running:
            if self._runs(name):
                self.kill_tree(name)
