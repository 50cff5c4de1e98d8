"""procrastinate: PostgreSQL only, asyncio, listen/notify."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import datetime
from collections.abc import Iterable, Sequence

from procrastinate import App, PsycopgConnector
from psycopg import connect

from benchmarks import handlers
from benchmarks.peers.interface import Peer, database_url, program

app = App(connector=PsycopgConnector(conninfo=database_url()))


async def noop(i: int, data: str) -> None:
    """The no-op handler."""
    handlers.noop(i, data)


async def occupy(i: int, data: str) -> None:
    """The ten-millisecond handler."""
    handlers.occupy(i, data)


TASKS = {
    "noop": app.task(noop, name="noop"),
    "occupy": app.task(occupy, name="occupy"),
}


class Procrastinate(Peer):
    """`defer` and `batch_defer`."""

    settings = (
        "2 worker processes, concurrency 10, listen/notify, polling 5 s (default), async tasks"
    )
    packages = ("procrastinate", "psycopg")
    bulk = True

    def prepare(self) -> None:
        """Apply the schema."""
        app.open()
        app.schema_manager.apply_schema()

    def open(self) -> None:
        """Open the pool."""
        app.open()

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `defer`, its own commit, a task."""
        task = TASKS[handler]
        for i in ids:
            task.defer(**handlers.payload(i))

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `defer` with `schedule_at` a task."""
        task = TASKS[handler]
        for i, at in tasks:
            task.configure(schedule_at=_moment(at)).defer(**handlers.payload(i))

    def enqueue_bulk(self, handler: str, ids: Sequence[int]) -> None:
        """One `batch_defer` a chunk."""
        TASKS[handler].batch_defer(*(handlers.payload(i) for i in ids))

    def enqueue_bulk_at(self, handler: str, tasks: Sequence[tuple[int, float]]) -> None:
        """One `batch_defer` a chunk; it takes one time for all, so the chunk's first is used."""
        later = TASKS[handler].configure(schedule_at=_moment(tasks[0][1]))
        later.batch_defer(*(handlers.payload(i) for i, _ in tasks))

    def waiting(self) -> int:
        """Jobs still to do."""
        with connect(database_url()) as connection:
            row = connection.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            ).fetchone()
        return int(row[0]) if row else 0

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two workers."""
        options = f"--log-level warning --app {__name__}.app worker --concurrency 10"
        worker = program("procrastinate", *options.split())
        return {"worker-1": worker, "worker-2": worker}


def _moment(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


PEER = Procrastinate()
