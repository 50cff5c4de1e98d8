"""Work that belongs to a trace which is not that of the caller."""

from collections.abc import Iterator
from contextlib import contextmanager

from tasks_core.tracing import switch


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Let spans and tasks that begin in the block be children of that span; of none without one."""
    if not switch.is_on:
        yield
        return
    from opentelemetry import context

    from tasks_core.tracing.traceparent import context_of

    token = context.attach(context_of(traceparent))
    try:
        yield
    finally:
        context.detach(token)
