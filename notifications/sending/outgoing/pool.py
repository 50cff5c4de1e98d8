"""The connections of one event loop: kept for the next request, and bounded over all hosts."""

import asyncio
from collections import deque
from functools import partial

from notifications.sending.outgoing.connecting import NoConnection, connect
from notifications.sending.outgoing.connection import Connection
from notifications.sending.outgoing.guard import Origin, Target
from notifications.sending.outgoing.idle import Idle
from notifications.sending.outgoing.lookups import Lookups

KEEP_ALIVE_SECONDS = 30.0
_BUFFER_BYTES = 65_536

Grant = Connection | None
"""What a waiter gets: a connection to its origin, or the right to open one."""


class Pool:
    """Gives connections, and takes them back. At most ``limit`` are open at once.

    As long as somebody waits, no connection is idle: what comes back goes to the first in the queue.
    """

    def __init__(self, limit: int, *, keep_alive: float = KEEP_ALIVE_SECONDS) -> None:
        """Take the limit, and for how many seconds an idle connection is kept."""
        self._limit = limit
        self._keep_alive = keep_alive
        self._taken = 0  # of the limit, by connections that are open, or being opened
        self._idle = Idle()
        self._open: set[Connection] = set()
        self._waiting: deque[tuple[Origin, asyncio.Future[Grant]]] = deque()
        self._expiry: asyncio.TimerHandle | None = None
        self._lookups = Lookups()
        # All read into one buffer: what is in it is used up before another connection reads.
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self.is_closed = False

    async def acquire(self, target: Target, *, until: float) -> Connection:
        """Return a connection to the target, for one request; ``release`` takes it back.

        Args:
            target: where it is to lead.
            until: how long to wait, by the clock of the event loop.

        Raises:
            AddressNotAllowed: the guard refused where the target leads.
            NoConnection: none could be made, or none within the time.
        """
        found = self._idle.take(target.origin, asyncio.get_running_loop().time())
        if found is not None:
            return found
        try:
            async with asyncio.timeout_at(until):
                found = await self._granted(target.origin)
                # One that was lost on its way here has left its place.
                if found is not None and found.is_open:
                    return found
                return await self._connected(target)
        except TimeoutError:
            raise NoConnection("none was free or made in time") from None

    def release(self, connection: Connection) -> None:
        """Take a connection back: it waits for its next request, or is closed."""
        if self.is_closed or not connection.is_reusable:
            connection.abort()
            self._free()
            return
        waiter = self._next_waiter()
        if waiter is None:
            self._keep(connection)
        elif waiter[0] == connection.origin:
            waiter[1].set_result(connection)
        else:
            connection.abort()
            waiter[1].set_result(None)

    async def close(self) -> None:
        """Close all connections, those in use too, and wait until they are closed."""
        self.is_closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        while waiter := self._next_waiter():
            waiter[1].set_exception(NoConnection("the worker is stopping"))
        for connection in list(self._open):
            connection.abort()
        await self._lookups.close()
        await asyncio.gather(*(connection.closed for connection in self._open))

    async def _granted(self, origin: Origin) -> Grant:
        """Wait for a place within the limit; an idle connection to somebody else makes room."""
        if self._taken < self._limit:
            self._taken += 1
            return None
        if (oldest := self._idle.take_oldest()) is not None:
            oldest.abort()
            return None
        grant: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiting.append((origin, grant))
        try:
            return await grant
        except asyncio.CancelledError:
            if grant.done() and not grant.cancelled() and grant.exception() is None:
                self._pass_on(grant.result())
            raise

    def _pass_on(self, granted: Grant) -> None:
        """Give back what came to a waiter that had just given up."""
        if granted is None:
            self._free()
        else:
            self.release(granted)

    async def _connected(self, target: Target) -> Connection:
        made = partial(Connection, target.origin, self._buffer, self._lost)
        try:
            connection = await connect(target, made, self._lookups)
        except BaseException:
            self._free()
            raise
        self._open.add(connection)
        if self.is_closed:
            self.release(connection)
            raise NoConnection("the worker is stopping")
        return connection

    def _free(self) -> None:
        waiter = self._next_waiter()
        if waiter is None:
            self._taken -= 1
        else:
            waiter[1].set_result(None)

    def _next_waiter(self) -> tuple[Origin, asyncio.Future[Grant]] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter[1].done():
                return waiter
        return None

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._idle.remove(connection):
            self._free()

    def _keep(self, connection: Connection) -> None:
        until = asyncio.get_running_loop().time() + min(self._keep_alive, connection.kept_for)
        self._idle.add(connection, until)
        self._come_at(until)

    def _come_at(self, when: float) -> None:
        """Come then to close what has been idle for too long, if not earlier.

        Mostly one that is idle is used again before. So the time is not set anew with each.
        """
        if self._expiry is not None:
            if self._expiry.when() <= when:
                return
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_at(when, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        for connection in self._idle.take_expired(asyncio.get_running_loop().time()):
            connection.abort()
            self._free()
        if (following := self._idle.first_end()) is not None:
            self._come_at(following)
