"""One measurement's surroundings: a new database, an empty broker, a producer, workers, the ledger
and the gauge.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import end_tree, environment, spawn
from benchmarks.databases import copied
from benchmarks.folders import logs_folder
from benchmarks.gauge import Gauge
from benchmarks.ledger import FIRST_WARM_UP_ID, Ledger
from benchmarks.peers.interface import Description
from benchmarks.peers.registry import Entry
from benchmarks.producing import Producer
from benchmarks.servers import Pair
from scheduler_project.embedded.ports import free_port

POLL_SECONDS = 0.02
#: A work is given up when nothing ran for this long.
STALL_SECONDS = 60.0
WARM_UP_TASKS = 200
WARM_UP_PER_SECOND = 50


class StuckError(RuntimeError):
    """The workers do not do what they were started for."""


@dataclass(frozen=True)
class Contender:
    """A peer made ready: its environment installed, its schema in a template database."""

    entry: Entry
    python: Path
    template: str
    description: Description


class Arena:
    """What a work is given to measure with."""

    def __init__(
        self,
        contender: Contender,
        pair: Pair,
        database_url: str,
        ledger: Ledger,
        gauge: Gauge,
        stack: ExitStack,
    ) -> None:
        self.contender = contender
        self.pair = pair
        self.database_url = database_url
        self.ledger = ledger
        self.gauge = gauge
        self._stack = stack
        self.port = free_port()
        self._environment = environment(
            database_url=database_url,
            broker_url=pair.broker_url,
            ledger=ledger.path,
            port=self.port,
        )
        self._log = logs_folder() / f"{contender.entry.name}.log"
        self._log.unlink(missing_ok=True)
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self.producer = stack.enter_context(
            Producer(contender.entry, contender.python, self._environment, self._log)
        )
        self.producer.ask("open")

    @property
    def worker_names(self) -> tuple[str, ...]:
        """The worker side's processes, as the gauge knows them."""
        return tuple(self._workers)

    def start(self, handler: str, *, scheduling: bool = False, only: str | None = None) -> None:
        """Start the worker side, or the one process of it called `only`, unless already started."""
        reply = self.producer.ask("commands", handler=handler, scheduling=scheduling)
        for name, command in reply["commands"].items():
            if name not in self._workers and only in (None, name):
                self._workers[name] = self._start(name, command)
        self.gauge.sample()

    def set_variables(self, **variables: str) -> None:
        """Give the processes that are started from now on these variables as well."""
        self._environment = {**self._environment, **variables}

    def start_process(self, name: str, command: list[str]) -> None:
        """Start another process of the worker side."""
        self._workers[name] = self._start(name, command)

    def receive(self, module: str) -> None:
        """Start the receiver of messages `benchmarks.receivers.<module>`."""
        command = [sys.executable, "-m", f"benchmarks.receivers.{module}", str(self.port)]
        process = spawn(command, environment=self._environment, log=self._log)
        self._stack.callback(end_tree, process)
        self.gauge.watch("receiver", process.pid)
        deadline = time.time() + STALL_SECONDS
        while not listens(self.port):
            if process.poll() is not None or time.time() > deadline:
                raise StuckError(f"the receiver does not start; its log is {self._log}")
            time.sleep(POLL_SECONDS)

    def warm_up(self, handler: str) -> None:
        """Run some tasks through the started workers, until all of them have run."""
        self.producer.ask(
            "paced",
            handler=handler,
            first=FIRST_WARM_UP_ID,
            count=WARM_UP_TASKS,
            per_second=WARM_UP_PER_SECOND,
        )
        self.wait_for_records(WARM_UP_TASKS)
        if self.ledger.warmed_up() < WARM_UP_TASKS:
            raise StuckError(f"only {self.ledger.warmed_up()} of {WARM_UP_TASKS} warm-up tasks ran")

    def wait_for_records(self, count: int, *, quiet_until: float = 0.0) -> None:
        """Wait until the ledger holds `count` records, or nothing was added for a minute.

        That minute begins at `quiet_until` (seconds since the epoch) at the earliest.
        """
        size, changed = self.ledger.size(), time.time()
        while size < count:
            self._check_workers()
            time.sleep(POLL_SECONDS)
            if (now := self.ledger.size()) != size:
                size, changed = now, time.time()
            elif time.time() > max(changed, quiet_until) + STALL_SECONDS:
                return

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[str]:
        process = spawn(command, environment=self._environment, log=self._log)
        self._stack.callback(end_tree, process)
        self.gauge.watch(name, process.pid)
        return process

    def _check_workers(self) -> None:
        for name, process in self._workers.items():
            if process.poll() is not None:
                raise StuckError(
                    f"{name} ended with status {process.returncode}; its log is {self._log}"
                )


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def prepared(
    contender: Contender, pair: Pair, folder: Path, *, template: str | None = None
) -> Iterator[Arena]:
    """An arena for one measurement; everything in it is thrown away afterwards."""
    name = f"run_{contender.entry.name}"
    with ExitStack() as stack:
        broker = stack.enter_context(pair.broker())
        broker.flushall()
        url = stack.enter_context(copied(pair, template=template or contender.template, name=name))
        gauge = stack.enter_context(Gauge(lambda: int(broker.info("memory")["used_memory"])))
        gauge.watch("postgres", pair.postgres)
        gauge.watch("valkey", pair.valkey)
        arena = Arena(contender, pair, url, Ledger(folder / "ledger"), gauge, stack)
        gauge.watch("producer", arena.producer.pid)
        yield arena
