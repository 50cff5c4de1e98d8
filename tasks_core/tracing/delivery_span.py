"""The span of one message on its way out of the platform."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind, use_span

from tasks_core.outcomes.failures import class_path
from tasks_core.tracing import attributes, switch


@contextmanager
def delivery_span(channel: str, facts: attributes.Attributes) -> Iterator[Span]:
    """Record one send through ``channel``, a child of the attempt around it."""
    span = begin_delivery_span(channel, facts)
    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except BaseException as error:
            attributes.mark_failed(span, class_path(error))
            raise


def begin_delivery_span(channel: str, facts: attributes.Attributes) -> Span:
    """Begin the span of a send that does not end with a block; whoever knows its end ends it."""
    return switch.tracer().start_span(
        f"delivery {channel}",
        kind=SpanKind.CLIENT,
        attributes={"bellringer.delivery.channel": channel, **facts},
    )
