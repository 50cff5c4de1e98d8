"""Somebody who sees again and again whether an answer of the database is late, as beat and workers do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tasks_core.database.answer_limit import end_overdue


@contextmanager
def ending_overdue() -> Iterator[None]:
    """Cut connections whose answer is late, during the block."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            end_overdue()

    thread = threading.Thread(target=look, name="looks")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
