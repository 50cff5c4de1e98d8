"""The one event loop of a worker process, on which ``async def`` handlers run side by side."""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any

from asgiref.sync import SyncToAsync

from tasks_core.current_attempt import current_context
from tasks_core.database.sessions import SoundThreads

logger = logging.getLogger(__name__)


class _Task(asyncio.Task[None]):
    """A handler on the loop. No handler may cancel another one."""

    is_given_up = False
    where: Context
    """What it runs in, which says whose attempt it is."""

    def cancel(self, msg: Any | None = None) -> bool:
        caller = current_context.get()
        if caller is not None and caller is not self.where.get(current_context):
            return False
        return super().cancel(msg)


def is_given_up() -> bool:
    """Tell whether the worker cancels the current handler; it may also have done so itself."""
    task = asyncio.current_task()
    return isinstance(task, _Task) and task.is_given_up


class EventLoopThread:
    """A thread with a standing event loop, and the number of free places per task type."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        # Django checks its connections between requests, and here are none. The first is the one thread of
        # all calls that ask for the same, which is the default; the others are those of asyncio.to_thread.
        self._threads = [SoundThreads(max_workers=1), SoundThreads()]
        self._thread_before = SyncToAsync.single_thread_executor
        SyncToAsync.single_thread_executor = self._threads[0]
        self.loop.set_default_executor(self._threads[1])
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="tasks-loop", daemon=True)
        self._running: set[_Task] = set()
        self._cancelled: set[_Task] = set()
        self._count: dict[str, int] = {}
        self._is_telling = False
        self._changed = threading.Condition()
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._is_ending:
            try:
                self.loop.run_forever()
            # What a handler has started may raise SystemExit, which goes through.
            except BaseException:
                logger.exception("the event loop goes on: without it no handler on it would end")

    @property
    def is_current(self) -> bool:
        """Whether this is the thread of the caller."""
        return threading.current_thread() is self._thread

    def wait_for_places(self, name: str, limit: int, *, seconds: float) -> int:
        """Wait until fewer than ``limit`` coroutines of ``name`` run; return how many more may start.

        0 if that takes longer than ``seconds``.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count.get(name, 0) < limit, seconds)
            return max(0, limit - self._count.get(name, 0))

    def start(self, name: str, coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Run ``coroutines`` on the loop, counted under ``name``."""
        with self._changed:
            self._count[name] = self._count.get(name, 0) + len(coroutines)
        self.loop.call_soon_threadsafe(self._spawn, name, coroutines)

    def _spawn(self, name: str, coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
        for coroutine in coroutines:
            where = copy_context()
            task = _Task(coroutine, loop=self.loop, context=where)
            task.where = where
            self._running.add(task)
            task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if isinstance(task, _Task):
            self._running.discard(task)
            self._cancelled.discard(task)
        with self._changed:
            self._count[name] -= 1
        # Once for all that end in the same turn of the loop: the thread that waits for places would
        # otherwise wake for each of them, and take turns with the loop.
        if not self._is_telling:
            self._is_telling = True
            self.loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._is_telling = False
        with self._changed:
            self._changed.notify_all()

    def wait_until_idle(self, *, seconds: float) -> bool:
        """Wait until nothing runs; False if that takes longer than ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: not any(self._count.values()), seconds)

    def cancel_all(self, *, seconds: float) -> bool:
        """Cancel every coroutine that still runs, and wait until each has given back what it held.

        False if that takes longer than ``seconds``. Calling it again disturbs none that was cancelled
        before: it may be in the middle of giving back.
        """
        with suppress(RuntimeError):  # the loop is closed: nothing runs
            self.loop.call_soon_threadsafe(self._cancel_each)
        return self.wait_until_idle(seconds=seconds)

    def _cancel_each(self) -> None:
        for task in self._running - self._cancelled:
            task.is_given_up = True
            task.cancel()
        self._cancelled.update(self._running)

    def stop(self) -> None:
        """End the loop and its thread."""
        self._is_ending = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)
        SyncToAsync.single_thread_executor = self._thread_before
        if not self._thread.is_alive():
            self.loop.close()
            for threads in self._threads:
                threads.end()
