"""pgqueuer: PostgreSQL only, asyncio, dequeues and completes in batches."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import asyncpg
import pgqueuer
import uvloop
from pgqueuer import AsyncpgDriver, Job, PgQueuer, Queries

from benchmarks import handlers
from benchmarks.peers.interface import Peer, database_url, python


@asynccontextmanager
async def consumer() -> AsyncIterator[PgQueuer]:
    """What a worker runs."""
    queue = PgQueuer.from_asyncpg_connection(await asyncpg.connect(database_url()))

    async def noop(job: Job) -> None:
        handlers.noop(**json.loads(job.payload or b""))

    async def occupy(job: Job) -> None:
        handlers.occupy(**json.loads(job.payload or b""))

    queue.entrypoint("noop")(noop)
    queue.entrypoint("occupy")(occupy)
    yield queue


class Pgqueuer(Peer):
    """`Queries.enqueue`, scalar or with lists."""

    settings = (
        "2 worker processes, uvloop, asyncpg, batch 10 (default), async handlers, tables logged "
        "(default)"
    )
    packages: ClassVar[tuple[str, ...]] = ("pgqueuer", "asyncpg", "uvloop")
    bulk = True

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    @cached_property
    def _queries(self) -> Queries:
        connection = self._runner.run(asyncpg.connect(database_url()))
        return Queries(AsyncpgDriver(connection))

    def prepare(self) -> None:
        """Install the schema."""
        self._runner.run(self._queries.install())

    def open(self) -> None:
        """Connect."""
        self._runner.run(self._queries.queue_size())

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One INSERT, its own commit, a task."""

        async def send() -> None:
            for i in ids:
                await self._queries.enqueue(handler, _payload(i))

        self._runner.run(send())

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One INSERT with `execute_after` a task."""

        async def send() -> None:
            for i, at in tasks:
                await self._queries.enqueue(handler, _payload(i), execute_after=_until(at))

        self._runner.run(send())

    def enqueue_bulk(self, handler: str, ids: Sequence[int]) -> None:
        """One INSERT a chunk."""
        self._runner.run(
            self._queries.enqueue([handler] * len(ids), [_payload(i) for i in ids], [0] * len(ids))
        )

    def enqueue_bulk_at(self, handler: str, tasks: Sequence[tuple[int, float]]) -> None:
        """One INSERT a chunk."""
        self._runner.run(
            self._queries.enqueue(
                [handler] * len(tasks),
                [_payload(i) for i, _ in tasks],
                [0] * len(tasks),
                [_until(at) for _, at in tasks],
            )
        )

    def waiting(self) -> int:
        """Rows of the queue."""
        return sum(entry.count for entry in self._runner.run(self._queries.queue_size()))

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two workers; its own command line, `pgq run`, fails with the typer that it installs."""
        worker = python("-m", __name__)
        return {"worker-1": worker, "worker-2": worker}


def _payload(i: int) -> bytes:
    return json.dumps(handlers.payload(i)).encode()


def _until(at: float) -> timedelta:
    return timedelta(seconds=at - time.time())


PEER = Pgqueuer()

if __name__ == "__main__":
    uvloop.run(pgqueuer.run(consumer))
