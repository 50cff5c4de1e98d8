"""One connection: it carries one request at a time, and reads nothing that nobody asked for."""

import asyncio
from collections.abc import Callable
from math import inf

from notifications.sending.outgoing.answer import Answer, NotHttp
from notifications.sending.outgoing.deadline import Deadline
from notifications.sending.outgoing.guard import Origin

_ON_THE_WAY_SECONDS = 1.0
"""So much earlier than the other side closes an idle connection it is used no more: a request on its way at
that moment would be lost, and nobody could say whether it had arrived."""


class ServerDisconnectedError(ConnectionError):
    """The other side closed the connection before its answer was complete."""


class Connection(asyncio.BufferedProtocol):
    """A connection to one origin, from when it is made until it is closed."""

    def __init__(
        self, origin: Origin, buffer: memoryview, on_lost: Callable[["Connection"], None]
    ) -> None:
        """Make one that is not connected yet.

        Args:
            origin: where it leads.
            buffer: what is read lands here; connections of one event loop may share it.
            on_lost: called once, when it is closed.
        """
        self.origin = origin
        self.is_open = False
        self.kept_for = inf
        """Seconds for which it may be idle, by what the other side has said."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = buffer
        self._on_lost = on_lost
        self._transport: asyncio.Transport
        self._answer: Answer | None = None
        self._answered: asyncio.Future[None]
        self._is_clean = True
        self._deadline = Deadline(self._give_up)

    @property
    def is_reusable(self) -> bool:
        """Whether it can carry another request: the last one's answer left nothing behind."""
        return self.is_open and self._is_clean

    async def exchange(self, request: bytes, answer: Answer, *, until: float) -> None:
        """Send a request and wait until ``answer`` has all that it keeps.

        If this does not return, the connection is not reusable.

        Args:
            request: the exact bytes.
            answer: takes what comes back.
            until: how long to wait, by the clock of the event loop.

        Raises:
            NotHttp: what came back is no answer.
            TimeoutError: the answer was not complete in time.
            OSError: the connection broke before the answer was complete.
        """
        self._is_clean = False
        self._answer = answer
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        self._deadline.set(until)
        try:
            await self._answered
        finally:
            self._deadline.clear()
        # An answer may come before the whole request has left.
        written = self._transport.get_write_buffer_size() == 0
        if answer.kept_for is not None:
            self.kept_for = answer.kept_for - _ON_THE_WAY_SECONDS
        self._is_clean = answer.can_be_followed and written and self.kept_for > 0

    def abort(self) -> None:
        """Close the connection at once, whatever is under way."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the place to read into; it is empty again when ``buffer_updated`` returns."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read a part of the answer. What comes when none is awaited ends the connection."""
        if self._answer is None:
            self.abort()
            return
        try:
            has_come = self._answer.feed(self._buffer[:nbytes])
        except NotHttp as error:
            self._finish(error)
        else:
            if has_come:
                self._finish(None)

    def eof_received(self) -> None:
        """Take no more requests; the transport closes itself."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so to who waits for an answer, and to the pool."""
        self._end(exc)
        self._deadline.close()
        self.closed.set_result(None)
        self._on_lost(self)

    def _give_up(self) -> None:
        self._finish(TimeoutError())

    def _end(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None:
            is_whole = exc is None and self._answer.end()
            self._finish(None if is_whole else exc or ServerDisconnectedError())

    def _finish(self, error: Exception | None) -> None:
        self._answer = None
        if self._answered.done():  # who waited has given up
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)
