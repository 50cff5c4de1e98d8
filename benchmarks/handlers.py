"""What the tasks do, the same for every peer."""

import time
from typing import TypedDict

from benchmarks.ledger import record

#: Each payload carries the id and this much text beside it.
FILLER = "x" * 100
OCCUPIED_SECONDS = 0.010


def noop(i: int, data: str) -> None:
    """Do nothing but say so in the ledger."""
    start = time.time()
    record(i, start, time.time())


def occupy(i: int, data: str) -> None:
    """Occupy the executing process (or thread) for ten milliseconds."""
    start = time.time()
    time.sleep(OCCUPIED_SECONDS)
    record(i, start, time.time())


class Payload(TypedDict):
    """The arguments of a task."""

    i: int
    data: str


def payload(i: int) -> Payload:
    """The arguments of task `i`."""
    return {"i": i, "data": FILLER}
