"""Do things at the same time, on connections of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.support.waiting import wait_until

Result = TypeVar("Result")

HELD_UP = "SELECT coalesce(bool_or(cardinality(pg_blocking_pids(pid)) > 0), false) FROM unnest(%s::int[]) pid"


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Call ``work(0)``, ``work(1)``, ... in threads that start together; return what they return."""
    start = threading.Barrier(count)

    def run(number: int) -> Result:
        start.wait()
        return in_own_connection(lambda: work(number))

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run, n) for n in range(count)]]


def in_own_connection(work: Callable[[], Result]) -> Result:
    """Call ``work`` and close the connection that this thread has used."""
    try:
        return work()
    finally:
        connection.close()


class Rival:
    """Does something in a thread, and tells whether it waits for a lock."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._pids: list[int] = []
        self._pool = ThreadPoolExecutor(1)
        self._future: Future[object] = self._pool.submit(in_own_connection, lambda: self._run(work))

    def _run(self, work: Callable[[], Result]) -> Result:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._pids.append(cursor.fetchone()[0])
        return work()

    def wait_until_held_up_or_done(self) -> None:
        """Wait until it waits for a lock of ours, or has come to its end without."""
        wait_until(lambda: self._future.done() or self._is_held_up())

    def _is_held_up(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(HELD_UP, [list(self._pids)])
            return bool(cursor.fetchone()[0])

    def result(self) -> object:
        """Return what it returned, once it has."""
        try:
            return self._future.result(timeout=20)
        finally:
            self._pool.shutdown()
