"""Which queues this worker consumes; set in its main process, inherited by its children."""

_queue_names: list[str] = []


def consume(names: list[str]) -> None:
    """Note the plain queue names that the worker consumes."""
    _queue_names[:] = names


def consumed_queues() -> list[str]:
    """Return them; empty outside a worker."""
    return list(_queue_names)
