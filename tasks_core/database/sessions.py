"""The database sessions of a thread: alive before somebody's code runs, and as they were after it.

What is asked before and after each handler is what the client library and the socket know, never the server.
"""

import contextlib
import logging
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

from tasks_core import database
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.session_state import Use, know, use_of

logger = logging.getLogger(__name__)

TRUSTED_SECONDS = 0.02
"""So long after it was looked at a session is taken to be alive."""

CANCEL_SECONDS = 2.0
"""How long to wait for the server to take note that nobody wants the statement under way any more."""

POSTGRESQL = "postgresql"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Fields = Callable[[], dict[str, Any]]


class Sessions:
    """Those of the current thread, of all databases."""

    def __init__(self, *, of_others: bool = False) -> None:
        """Leave out those in a transaction, which the caller has begun; ``of_others``: he has not."""
        self._ours = [one for one in connections.all() if of_others or not one.in_atomic_block]
        self._looked_at = float("-inf")
        if not of_others:
            know(self._ours)

    def replace_dead(self) -> bool:
        """Let go of those that the server has closed; False if they were looked at a moment ago."""
        now = time.monotonic()
        if now - self._looked_at < TRUSTED_SECONDS:
            return False
        self._looked_at = now
        for one in self._ours:
            if one.connection is not None and _is_dead(one):
                database.discard(one)
        return True

    def replace_unsound(self, whose: str, fields: Fields = dict) -> None:
        """Put back what ``whose`` code has changed in them.

        Let go of those that are not at rest, or do not answer after an error.
        """
        for one in self._ours:
            if one.connection is None:
                continue
            if not _is_at_rest(one):
                _report(one, whose, fields)
                _cancel(one)
                database.discard(one)
            elif (use := use_of(one)) is not None and use.is_new:
                _put_back(one, use)
            elif one.errors_occurred:
                _ask(one)
            else:
                continue
            self._looked_at = float("-inf")  # others may have gone the same way

    def end(self) -> None:
        """Close them, for a thread that is not used any more."""
        for one in self._ours:
            if one.connection is not None:
                one.connection.close()


def _is_at_rest(one: BaseDatabaseWrapper) -> bool:
    """Tell whether nothing is under way. A BEGIN of a handler's own is seen by the client library only."""
    if one.in_atomic_block or one.autocommit is not one.settings_dict["AUTOCOMMIT"]:
        return False
    return one.vendor != POSTGRESQL or _status(one) == TransactionStatus.IDLE


def _status(one: BaseDatabaseWrapper) -> int:
    status: int = one.connection.pgconn.transaction_status
    return status


def _is_dead(one: BaseDatabaseWrapper) -> bool:
    """Tell whether a session has ended; ask the server only if it has said something unasked.

    A session at rest has nothing to read. Its last words, or the end of the stream, are something.
    """
    if one.vendor != POSTGRESQL:
        return False
    if one.connection.closed:
        return True
    return _has_spoken(one.connection.fileno()) and not _is_usable(one)


def _has_spoken(socket: int) -> bool:
    if not hasattr(select, "poll"):  # some pools take it away
        return bool(select.select([socket], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))


def _ask(one: BaseDatabaseWrapper) -> None:
    if _is_usable(one):
        one.errors_occurred = False
    else:
        database.discard(one)


def _put_back(one: BaseDatabaseWrapper, use: Use) -> None:
    try:
        with answers_within():
            use.put_back(one.connection)
    # Another release of the driver may keep its own state elsewhere.
    except (psycopg.Error, AttributeError) as error:
        logger.info("a session on %r cannot be put back and is replaced: %s", one.alias, error)
        database.discard(one)
    else:
        one.errors_occurred = False


def _is_usable(one: BaseDatabaseWrapper) -> bool:
    with answers_within():
        return one.is_usable()


def _cancel(one: BaseDatabaseWrapper) -> None:
    """End the statement under way, which would go on in the server and keep its locks."""
    if one.vendor == POSTGRESQL and _status(one) == TransactionStatus.ACTIVE:
        with contextlib.suppress(Exception):
            one.connection.cancel_safe(timeout=CANCEL_SECONDS)


def _report(one: BaseDatabaseWrapper, whose: str, fields: Fields) -> None:
    status = _status(one) if one.vendor == POSTGRESQL else None
    if status == TransactionStatus.UNKNOWN:
        return  # the server has ended it
    what = "a statement unfinished" if status == TransactionStatus.ACTIVE else "a transaction open"
    logger.error("%s left %s on %r; it is rolled back", whose, what, one.alias, extra=fields())


@contextlib.contextmanager
def sound(whose: str) -> Iterator[None]:
    """Run ``whose`` code in the block, on sessions that are alive, and leave them at rest."""
    sessions = Sessions()
    sessions.replace_dead()
    try:
        yield
    finally:
        sessions.replace_unsound(whose)


class SoundThreads(ThreadPoolExecutor):
    """Threads whose sessions are alive before each call and at rest after it, whoever calls what."""

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers, thread_name_prefix="tasks-sync")
        self._of_thread = threading.local()
        self._all: list[Sessions] = []

    def submit(
        self,
        work: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Future[Result]:
        """Call ``work`` in one of the threads."""
        return super().submit(self._soundly, work, *args, **named)

    def _soundly(
        self,
        work: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        sessions = self._sessions()
        sessions.replace_dead()
        try:
            return work(*args, **named)
        finally:
            sessions.replace_unsound("what an async handler called in a thread")

    def _sessions(self) -> Sessions:
        if not hasattr(self._of_thread, "sessions"):
            self._of_thread.sessions = Sessions(of_others=True)
            self._all.append(self._of_thread.sessions)
        sessions: Sessions = self._of_thread.sessions
        return sessions

    def end(self) -> None:
        """Take no more calls, and end the sessions of all threads."""
        self.shutdown(wait=False, cancel_futures=True)
        for sessions in self._all:
            sessions.end()
