"""taskiq on a Redis stream."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import asyncio
import datetime
from collections.abc import Iterable
from functools import cached_property

from redis import Redis
from taskiq import TaskiqScheduler
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from benchmarks import handlers
from benchmarks.peers.interface import Peer, broker_url, program

broker = RedisStreamBroker(broker_url())
source = ListRedisScheduleSource(broker_url())
scheduler = TaskiqScheduler(broker, [source])


async def noop(i: int, data: str) -> None:
    """The no-op handler."""
    handlers.noop(i, data)


async def occupy(i: int, data: str) -> None:
    """The ten-millisecond handler."""
    handlers.occupy(i, data)


TASKS = {
    "noop": broker.register_task(noop, task_name="noop"),
    "occupy": broker.register_task(occupy, task_name="occupy"),
}


class Taskiq(Peer):
    """`kiq` and `schedule_by_time`."""

    settings = (
        "2 worker processes, Redis stream, 100 async tasks each (default), ack when saved "
        "(default), plus a scheduler process "
        "where scheduling (update interval 1 s; its default is 60 s)"
    )
    packages = ("taskiq", "taskiq-redis", "redis")

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    def open(self) -> None:
        """Connect and declare the consumer group: a stream's earlier messages are not delivered to
        a new group.
        """
        self._runner.run(broker.startup())

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `kiq` a task."""
        task = TASKS[handler]

        async def send() -> None:
            for i in ids:
                await task.kiq(i=i, data=handlers.FILLER)

        self._runner.run(send())

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One schedule a task."""
        task = TASKS[handler]

        async def send() -> None:
            for i, at in tasks:
                moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
                await task.schedule_by_time(source, moment, i=i, data=handlers.FILLER)

        self._runner.run(send())

    def waiting(self) -> int:
        """Messages in the stream and schedules; before a worker has run, none of them is taken."""
        client = Redis.from_url(broker_url())
        schedules = sum(1 for _ in client.scan_iter("schedule:data:*", count=1000))
        return int(client.xlen("taskiq")) + schedules

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One worker with two processes, and the scheduler where there is something to schedule."""
        options = "--workers 2 --log-level WARNING"
        processes = {"worker": program("taskiq", "worker", f"{__name__}:broker", *options.split())}
        if scheduling:
            options = "--update-interval 1 --log-level WARNING"
            processes["scheduler"] = program(
                "taskiq", "scheduler", f"{__name__}:scheduler", *options.split()
            )
        return processes


PEER = Taskiq()
