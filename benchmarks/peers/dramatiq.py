"""dramatiq on Redis."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import time
from collections.abc import Iterable

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks import handlers
from benchmarks.peers.interface import Peer, broker_url, program

broker = RedisBroker(url=broker_url())
dramatiq.set_broker(broker)
ACTORS = {
    "noop": dramatiq.actor(handlers.noop),
    "occupy": dramatiq.actor(handlers.occupy),
}


class Dramatiq(Peer):
    """`send` and `send_with_options(delay=...)`."""

    settings = (
        "2 processes of 8 threads (default); 1 thread each where a handler occupies its process"
    )
    packages = ("dramatiq", "redis")

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `send` a task."""
        actor = ACTORS[handler]
        for i in ids:
            actor.send(i=i, data=handlers.FILLER)

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `send_with_options` a task; the delay is in whole milliseconds."""
        for i, at in tasks:
            delay = round((at - time.time()) * 1000)
            ACTORS[handler].send_with_options(kwargs=handlers.payload(i), delay=max(delay, 0))

    def waiting(self) -> int:
        """Messages in the queue and its delay queue."""
        return sum(
            broker.client.hlen(f"dramatiq:{queue}.msgs") for queue in ("default", "default.DQ")
        )

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One master with two processes."""
        threads = "1" if handler == "occupy" else "8"
        options = ["--processes", "2", "--threads", threads]
        return {"worker": program("dramatiq", __name__, *options)}


PEER = Dramatiq()
