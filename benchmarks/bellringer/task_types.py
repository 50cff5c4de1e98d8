"""The benchmark's task types."""

import tasks_core
from benchmarks import handlers


@tasks_core.task_type("bench.noop", queue_name="bench")
def noop(payload: handlers.Payload) -> None:
    """Do nothing."""
    handlers.noop(**payload)


@tasks_core.task_type("bench.occupy", queue_name="bench")
def occupy(payload: handlers.Payload) -> None:
    """Occupy the process for ten milliseconds."""
    handlers.occupy(**payload)
