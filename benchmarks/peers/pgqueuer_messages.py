"""pgqueuer with a job for each webhook, sent by aiohttp."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import aiohttp
import asyncpg
import pgqueuer
import uvloop
from pgqueuer import Job, PgQueuer

from benchmarks import messages
from benchmarks.peers.interface import database_url, python
from benchmarks.peers.pgqueuer import Pgqueuer


@asynccontextmanager
async def consumer() -> AsyncIterator[PgQueuer]:
    """What a worker runs."""
    queue = PgQueuer.from_asyncpg_connection(await asyncpg.connect(database_url()))
    connector = aiohttp.TCPConnector(limit=100)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def webhook(job: Job) -> None:
            i = json.loads(job.payload or b"")["i"]
            body = messages.document(i)
            headers = messages.signed_headers(i, body)
            async with session.post(messages.url(), data=body, headers=headers) as response:
                await response.read()
                response.raise_for_status()

        queue.entrypoint("webhook")(webhook)
        yield queue


class PgqueuerMessages(Pgqueuer):
    """`Queries.enqueue` for each webhook."""

    settings = (
        "2 worker processes, uvloop, asyncpg, batch 10 (default), one aiohttp session with 100 "
        "connections a process"
    )
    packages: ClassVar[tuple[str, ...]] = ("pgqueuer", "asyncpg", "uvloop", "aiohttp")
    handlers = ("webhook",)
    schedules = False

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two workers."""
        worker = python("-m", __name__)
        return {"worker-1": worker, "worker-2": worker}


PEER = PgqueuerMessages()

if __name__ == "__main__":
    uvloop.run(pgqueuer.run(consumer))
