"""huey on Redis."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import datetime
from collections.abc import Iterable

from huey import RedisHuey

from benchmarks import handlers
from benchmarks.peers.interface import Peer, broker_url, program

app = RedisHuey("bench", url=broker_url(), results=False)
TASKS = {"noop": app.task()(handlers.noop), "occupy": app.task()(handlers.occupy)}


class Huey(Peer):
    """Calling a task enqueues it."""

    settings = (
        "2 worker processes, no results, scheduler each second (default). It takes a task off the "
        "queue before it runs it "
        "(at most once)"
    )
    packages = ("huey", "redis")

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One call a task."""
        task = TASKS[handler]
        for i in ids:
            task(i=i, data=handlers.FILLER)

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `schedule` with an `eta` a task."""
        for i, at in tasks:
            eta = datetime.datetime.fromtimestamp(at, datetime.UTC)
            TASKS[handler].schedule(kwargs=handlers.payload(i), eta=eta)

    def waiting(self) -> int:
        """Queued and scheduled tasks."""
        return int(app.pending_count() + app.scheduled_count())

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One consumer with two processes."""
        options = "--workers 2 --worker-type process --quiet"
        return {"consumer": program("huey_consumer", f"{__name__}.app", *options.split())}


PEER = Huey()
