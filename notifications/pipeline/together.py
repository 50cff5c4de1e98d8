"""Many coroutines, one statement: what arrives while a write is under way goes into the next."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from tasks_core import session_state

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_TOGETHER = 200

CROWD, GATHER_SECONDS = 8, 0.02
"""After so many at once the next are gathered for so long: a statement for fifty costs little more than one
for five, and under load every statement waits for the one before it anyway."""


CHECKED_SECONDS = 1.0
"""So long after it was asked a connection is taken to be there, unless a call has failed since."""

logger = logging.getLogger(__name__)


class Together(Generic[Item, Answer]):
    """Collects the items of concurrent callers and hands them to one function, as a list.

    With a few callers there is no waiting; with a hundred, a few calls carry them all. The function
    runs in a thread, and gives one answer for each item, in their order; an exception among them is raised
    for the caller of that item. It is the platform's own, so its sessions need not be put back behind it.
    ``at_rest`` is called when nobody waits any more, and there is something to do for it.
    """

    def __init__(
        self,
        function: Callable[[list[Item]], Sequence[Answer | Exception]],
        *,
        at_rest: Callable[[], None] | None = None,
        is_at_rest: Callable[[], bool] = lambda: True,
    ) -> None:
        self._function = function
        self._checked_at = -CHECKED_SECONDS
        self._at_rest = at_rest
        self._is_at_rest = is_at_rest
        self._waiting: WeakKeyDictionary[
            asyncio.AbstractEventLoop, list[tuple[Item, asyncio.Future[Answer]]]
        ] = WeakKeyDictionary()
        self._running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]]
        self._running = WeakKeyDictionary()

    async def __call__(self, item: Item) -> Answer:
        """Hand over one item and wait for its answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.setdefault(loop, []).append((item, future))
        if loop not in self._running:
            # Outside of the caller's context: its work is for many, and not in the name of the first.
            self._running[loop] = loop.create_task(self._work(loop), context=Context())
        return await future

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while waiting := self._waiting.get(loop):
                batch = waiting[:MAX_TOGETHER]
                del waiting[:MAX_TOGETHER]
                await self._call(batch)
                if CROWD <= len(batch) < MAX_TOGETHER:
                    await asyncio.sleep(GATHER_SECONDS)
                if self._at_rest and not waiting and not self._is_at_rest():
                    await sync_to_async(self._rest)()
        finally:
            del self._running[loop]

    async def _call(self, batch: list[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await sync_to_async(self._fresh)([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  (it belongs to the callers, all of them)
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _rest(self) -> None:
        """Nobody waits for this, so an error goes to the log."""
        assert self._at_rest is not None
        try:
            self._connect()
            self._at_rest()
        except Exception:
            self._doubt()
            logger.exception("%s failed; it is tried again after the next call", self._at_rest)

    def _fresh(self, items: list[Item]) -> Sequence[Answer | Exception]:
        self._connect()
        try:
            answers = self._function(items)
        except Exception:
            self._doubt()
            raise
        if any(isinstance(answer, Exception) for answer in answers):
            self._doubt()
        else:
            session_state.know_all()
        return answers

    def _connect(self) -> None:
        """The thread's connection lives long; drop it if the server has closed it.

        Asking costs a round trip, so it is asked now and then, and after a failure.
        """
        if time.monotonic() - self._checked_at >= CHECKED_SECONDS:
            close_old_connections()
            self._checked_at = time.monotonic()

    def _doubt(self) -> None:
        """Ask before the next call: what failed may have been the connection."""
        self._checked_at = -CHECKED_SECONDS
