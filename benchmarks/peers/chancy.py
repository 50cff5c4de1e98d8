"""chancy: PostgreSQL only, asyncio, claims up to its concurrency at once."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import asyncio
import datetime
import logging
from collections.abc import Iterable, Sequence
from functools import cached_property

from chancy import Chancy, Job, Queue
from chancy.app import setup_default_logger
from psycopg import connect

from benchmarks import handlers
from benchmarks.peers.interface import BULK_CHUNK, Peer, database_url, program

#: At its default level, INFO, most of a worker's time goes into logging.
app = Chancy(database_url(), log=setup_default_logger(logging.WARNING))


async def noop(*, i: int, data: str) -> None:
    """The no-op handler."""
    handlers.noop(i, data)


async def occupy(*, i: int, data: str) -> None:
    """The ten-millisecond handler."""
    handlers.occupy(i, data)


JOBS = {"noop": Job.from_func(noop), "occupy": Job.from_func(occupy)}


class ChancyPeer(Peer):
    """`push` and `push_many`."""

    settings = (
        "2 worker processes, AsyncExecutor, concurrency 100, polling 1 s, eager polling (its "
        "defaults, 5 s and not eager, "
        "are slower), log level WARNING"
    )
    packages = ("chancy", "psycopg")
    bulk = True

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    def prepare(self) -> None:
        """Migrate and declare the queue."""
        queue = Queue(
            "default",
            concurrency=100,
            executor=Chancy.Executor.Async,
            polling_interval=1,
            eager_polling=True,
        )

        async def migrate() -> None:
            async with Chancy(database_url()) as chancy:
                await chancy.migrate()
                await chancy.declare(queue)

        self._runner.run(migrate())

    def open(self) -> None:
        """Open the pool."""
        self._runner.run(app.pool.open())

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `push`, its own commit, a task."""
        job = JOBS[handler]

        async def send() -> None:
            for i in ids:
                await app.push(job.with_kwargs(**handlers.payload(i)))

        self._runner.run(send())

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `push` with `scheduled_at` a task."""

        async def send() -> None:
            for i, at in tasks:
                await app.push(_scheduled(handler, i, at))

        self._runner.run(send())

    def enqueue_bulk(self, handler: str, ids: Sequence[int]) -> None:
        """One `push_many` a chunk."""
        job = JOBS[handler]
        self._push_many([job.with_kwargs(**handlers.payload(i)) for i in ids])

    def enqueue_bulk_at(self, handler: str, tasks: Sequence[tuple[int, float]]) -> None:
        """One `push_many` a chunk."""
        self._push_many([_scheduled(handler, i, at) for i, at in tasks])

    def waiting(self) -> int:
        """Jobs still pending."""
        with connect(database_url()) as connection:
            row = connection.execute(
                "SELECT count(*) FROM chancy_jobs WHERE state = 'pending'"
            ).fetchone()
        return int(row[0]) if row else 0

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two workers."""
        worker = program("chancy", "--app", f"{__name__}.app", "worker", "start")
        return {"worker-1": worker, "worker-2": worker}

    def _push_many(self, jobs: list[Job]) -> None:
        async def send() -> None:
            async for _ in app.push_many(jobs, batch_size=BULK_CHUNK):
                pass

        self._runner.run(send())


def _scheduled(handler: str, i: int, at: float) -> Job:
    job = JOBS[handler].with_kwargs(**handlers.payload(i))
    return job.with_scheduled_at(datetime.datetime.fromtimestamp(at, datetime.UTC))


PEER = ChancyPeer()
