"""Which dispatch span the message came from that this worker executes now."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

published_by: ContextVar[str | None] = ContextVar("tasks_core_published_by", default=None)


@contextmanager
def arrived(traceparent: object) -> Iterator[None]:
    """Link attempts that begin here to the span ``traceparent``, whatever the message holds there."""
    token = published_by.set(traceparent if isinstance(traceparent, str) else None)
    try:
        yield
    finally:
        published_by.reset(token)
