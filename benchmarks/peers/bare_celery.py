"""Celery on Redis, nothing durable: what most Django projects run."""

import datetime
from collections.abc import Iterable

from celery import Celery
from redis import Redis

from benchmarks import handlers
from benchmarks.peers.interface import Peer, broker_url, python

app = Celery("bench", broker=broker_url())
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)
TASKS = {
    "noop": app.task(handlers.noop, name="noop"),
    "occupy": app.task(handlers.occupy, name="occupy"),
}


class BareCelery(Peer):
    """`delay` and `apply_async(eta=...)`; prefork."""

    settings = (
        "prefork, concurrency 2, acks_late, reject_on_worker_lost, prefetch 4 (default), results "
        "ignored, "
        "no gossip or mingle"
    )
    packages = ("celery", "kombu", "redis")

    def open(self) -> None:
        """Open the producer's connection."""
        app.pool.acquire().default_channel.client.ping()

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `delay` a task."""
        task = TASKS[handler]
        for i in ids:
            task.delay(i=i, data=handlers.FILLER)

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `apply_async` with an `eta` a task."""
        task = TASKS[handler]
        for i, at in tasks:
            eta = datetime.datetime.fromtimestamp(at, datetime.UTC)
            task.apply_async(kwargs=handlers.payload(i), eta=eta)

    def waiting(self) -> int:
        """Messages in the one queue."""
        return int(Redis.from_url(broker_url()).llen("celery"))

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One worker with two processes."""
        options = "--concurrency 2 --without-gossip --without-mingle --loglevel WARNING"
        return {"worker": python("-m", "celery", "-A", __name__, "worker", *options.split())}


PEER = BareCelery()
