"""Messages of task types that a worker does not know: their tasks wait for one that does.

The main process of a worker gets them. It is an event loop that must not wait for the database, so a thread
of its own puts the tasks aside. What that one cannot is left to recovery: no task has begun.
"""

import logging
import queue
import threading
import time
from contextlib import suppress

from django.db import close_old_connections, connections

from tasks_core import clock, conf
from tasks_core.database.answer_limit import answers_within
from tasks_core.sql.dispatch import postpone

logger = logging.getLogger(__name__)

WAIT_SECONDS = 60.0
"""How long a task waits after it came to a worker that does not know its type (deploy skew)."""

IDLE_SECONDS = 5.0
"""After so long without such a message the thread gives up its connection to the database."""

MOST_WAITING = 1_000

_Unknown = tuple[str, list[int], float]
"""Task type, ids, and when the message came."""

_waiting: queue.Queue[_Unknown] = queue.Queue(MOST_WAITING)
_thread: threading.Thread | None = None


def put_aside(task_type: str, ids: list[int]) -> None:
    """Let tasks wait that this worker cannot run; called by the main thread alone, which does not wait."""
    global _thread
    with suppress(queue.Full):
        _waiting.put_nowait((task_type, ids, time.monotonic()))
    if _thread is None or not _thread.is_alive():
        thread = threading.Thread(target=_run, name="tasks-unknown", daemon=True)
        with suppress(RuntimeError):  # no more threads: the next message tries again
            thread.start()
            _thread = thread


def _run() -> None:
    while True:
        try:
            unknown = _waiting.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            connections.close_all()
            unknown = _waiting.get()
        try:
            with answers_within():
                close_old_connections()
                _postpone(*unknown)
        except Exception as error:  # noqa: BLE001 what is wrong with one is not wrong with the next
            logger.error("tasks of an unknown type are left to recovery: %r", error)
            connections.close_all()


def _postpone(task_type: str, ids: list[int], came_at: float) -> None:
    if time.monotonic() - came_at > conf.current().lost_message_seconds:
        return  # recovery may have sent them to another worker by now
    held = postpone(
        ids,
        seconds=WAIT_SECONDS,
        reason=f"a worker does not know the task type {task_type}",
        now=clock.now(),
    )
    logger.error(
        "task type %r is not registered in this worker; %d tasks wait %.0f s for one that knows it; "
        "deploy workers before the code that enqueues",
        task_type,
        len(held),
        WAIT_SECONDS,
    )
