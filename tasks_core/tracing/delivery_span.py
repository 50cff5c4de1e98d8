"""The span of one message on its way out of the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from tasks_core.failures import class_path
from tasks_core.tracing import attributes, switch


@contextmanager
def delivery_span(channel: str, facts: attributes.Attributes) -> Iterator[Span]:
    """Record one send through ``channel``, a child of the attempt around it."""
    with switch.tracer().start_as_current_span(
        f"delivery {channel}",
        kind=SpanKind.CLIENT,
        attributes={"bellringer.delivery.channel": channel, **facts},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            attributes.mark_failed(span, class_path(error))
            raise
