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

from tasks_core.database import session_state

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_TOGETHER = 200

CROWD, GATHER_SECONDS, ENOUGH = 8, 0.02, 50
"""After so many at once the next are gathered for so long, or until there are enough: a statement for fifty
costs little more than one for five, and under load every statement waits for the one before it anyway."""

CHECKED_SECONDS = 1.0
"""So long after it was asked a connection is taken to be there, unless a call has failed since."""

logger = logging.getLogger(__name__)


_Batch = list[tuple[Item, asyncio.Future[Answer]]]


class _Queue(Generic[Item, Answer]):
    """What waits on one event loop, and the task that sees to it."""

    def __init__(self) -> None:
        self.worker: asyncio.Task[None] | None = None
        self._waiting: _Batch[Item, Answer] = []
        self._enough: asyncio.Event | None = None

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def add(self, item: Item, future: "asyncio.Future[Answer]") -> None:
        self._waiting.append((item, future))
        if self._enough is not None and len(self._waiting) >= ENOUGH:
            self._enough.set()

    def take(self) -> "_Batch[Item, Answer]":
        batch = self._waiting[:MAX_TOGETHER]
        del self._waiting[:MAX_TOGETHER]
        return batch

    async def gathered(self) -> None:
        """Wait until enough have come, but not for long."""
        if len(self._waiting) >= ENOUGH:
            return
        self._enough = asyncio.Event()
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await self._enough.wait()
        except TimeoutError:
            pass
        finally:
            self._enough = None


class Coalescer(Generic[Item, Answer]):
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
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue[Item, Answer]]
        self._queues = WeakKeyDictionary()

    async def __call__(self, item: Item) -> Answer:
        """Hand over one item and wait for its answer."""
        loop = asyncio.get_running_loop()
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = _Queue()
        future: asyncio.Future[Answer] = loop.create_future()
        queue.add(item, future)
        if queue.worker is None or queue.worker.done():
            # Outside of the caller's context: its work is for many, and not in the name of the first.
            queue.worker = loop.create_task(self._work(queue), context=Context())
        return await future

    async def _work(self, queue: "_Queue[Item, Answer]") -> None:
        try:
            while batch := queue.take():
                await self._call(batch)
                if CROWD <= len(batch) < MAX_TOGETHER:
                    await queue.gathered()
                if self._at_rest and queue.is_empty and not self._is_at_rest():
                    await sync_to_async(self._rest)()
        finally:
            queue.worker = None

    async def _call(self, batch: "_Batch[Item, Answer]") -> None:
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
