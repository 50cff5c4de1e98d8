"""The pool of connections that all outgoing requests of one event loop share."""

import asyncio
from weakref import WeakKeyDictionary

from notifications import conf
from notifications.sending.outgoing.pool import Pool

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


def pool() -> Pool:
    """Return the pool of the running event loop; the first call makes it.

    One for each loop keeps connections to busy receivers open between deliveries.
    """
    loop = asyncio.get_running_loop()
    found = _pools.get(loop)
    if found is None or found.is_closed:
        found = _pools[loop] = Pool(conf.current().outgoing_connections)
    return found


async def close_session() -> None:
    """Close the connections of the running event loop, if it has any."""
    found = _pools.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()
