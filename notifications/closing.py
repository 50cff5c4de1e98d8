"""Closing what a worker process holds open: receivers, the mail server, the database."""

import asyncio

from asgiref.sync import sync_to_async
from django.db import connections

from notifications.channels.email.connection import connection as mail
from notifications.outgoing.session import close_session


def close_all(loop: asyncio.AbstractEventLoop, *, seconds: float = 5.0) -> None:
    """Close the outgoing connections of this thread and of ``loop``, which runs in another.

    Args:
        loop: the worker's standing event loop, still running.
        seconds: how long to wait for it.
    """
    mail.quit()
    asyncio.run_coroutine_threadsafe(_close_async(), loop).result(seconds)


async def _close_async() -> None:
    await close_session()
    await sync_to_async(connections.close_all)()
