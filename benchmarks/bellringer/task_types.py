"""The benchmark's task types."""

from dataclasses import dataclass

import tasks_core
from benchmarks import handlers


@dataclass(frozen=True)
class Payload:
    """An id and some text."""

    i: int
    data: str


@tasks_core.task_type("bench.noop", queue_name="bench")
def noop(payload: Payload) -> None:
    """Do nothing."""
    handlers.noop(payload.i, payload.data)


@tasks_core.task_type("bench.occupy", queue_name="bench")
def occupy(payload: Payload) -> None:
    """Occupy the process for ten milliseconds."""
    handlers.occupy(payload.i, payload.data)
