"""Closing what the app keeps open in a worker process: receivers, the mail server, the database."""

import asyncio

from asgiref.sync import sync_to_async
from django.db import connections

from notifications.sending.channels.email.connection import connection as mail
from notifications.sending.endpoint_lanes.release import give_up_places
from notifications.sending.outgoing.session import close_session

SECONDS = 5.0


def close_all(loop: asyncio.AbstractEventLoop | None) -> None:
    """Give back what is kept; close the connections of this thread and those of ``loop``, another's."""
    mail.quit()
    give_up_places()
    if loop is not None:
        asyncio.run_coroutine_threadsafe(_close_async(), loop).result(SECONDS)


async def _close_async() -> None:
    await close_session()
    await sync_to_async(connections.close_all)()
