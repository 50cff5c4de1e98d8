"""A transaction on a connection of its own, open as long as a test likes."""

import threading
from collections.abc import Callable
from types import TracebackType

from django.db import connection, transaction


class OpenTransaction:
    """Runs each piece of work in one transaction, in a thread; commits when it is told to.

    Leaving the block rolls back what was not committed.
    """

    def __init__(self) -> None:
        self._work: Callable[[], object] | None = None
        self._wanted, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._commits = False
        self._result: object = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "OpenTransaction":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rollback()

    def do(self, work: Callable[[], object]) -> object:
        """Run ``work`` in the transaction and return what it returns."""
        self._work = work
        self._wanted.release()
        assert self._done.acquire(timeout=20), "the transaction waits for another one"
        if self._error is not None:
            raise self._error
        return self._result

    def commit(self) -> None:
        self._end(commits=True)

    def rollback(self) -> None:
        self._end(commits=False)

    def _end(self, *, commits: bool) -> None:
        if self._thread.is_alive():
            self._work, self._commits = None, commits
            self._wanted.release()
            self._thread.join(20)
            assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with transaction.atomic():
                while self._next():
                    pass
                if not self._commits:
                    transaction.set_rollback(True)
        finally:
            connection.close()

    def _next(self) -> bool:
        self._wanted.acquire()
        if self._work is None:
            return False
        try:
            self._result = self._work()
        except Exception as error:  # noqa: BLE001 it is raised where it was asked for
            self._error = error
        self._done.release()
        return True
