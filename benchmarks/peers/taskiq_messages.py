"""taskiq with a task for each webhook, sent by aiohttp."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found, untyped-decorator"

import asyncio
from collections.abc import Iterable
from functools import cache, cached_property

import aiohttp
from redis import Redis
from taskiq_redis import RedisStreamBroker

from benchmarks import messages
from benchmarks.peers.interface import Peer, broker_url, program

broker = RedisStreamBroker(broker_url())


@cache
def session() -> aiohttp.ClientSession:
    """One for the process."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))


@broker.task(task_name="webhook")
async def webhook(i: int) -> None:
    """Sign and post."""
    body = messages.document(i)
    headers = messages.signed_headers(i, body)
    async with session().post(messages.url(), data=body, headers=headers) as response:
        await response.read()
        response.raise_for_status()


class TaskiqMessages(Peer):
    """`kiq` for each webhook."""

    settings = (
        "2 worker processes, Redis stream, 100 async tasks each (default), one aiohttp session a "
        "process"
    )
    packages = ("taskiq", "taskiq-redis", "redis", "aiohttp")
    handlers = ("webhook",)
    schedules = False

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    def open(self) -> None:
        """Connect and declare the consumer group."""
        self._runner.run(broker.startup())

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `kiq` a webhook."""

        async def send() -> None:
            for i in ids:
                await webhook.kiq(i=i)

        self._runner.run(send())

    def waiting(self) -> int:
        """Messages in the stream."""
        return int(Redis.from_url(broker_url()).xlen("taskiq"))

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One worker with two processes."""
        options = "--workers 2 --log-level WARNING"
        return {"worker": program("taskiq", "worker", f"{__name__}:broker", *options.split())}


PEER = TaskiqMessages()
