"""The W3C ``traceparent``: a span as 55 characters, for rows, messages and requests."""

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tasks_core.tracing import switch

HEADER = "traceparent"

_propagator = TraceContextTextMapPropagator()


def traceparent_of(span: Span) -> str | None:
    """Return the span as others may refer to it; None for one that nobody records anywhere."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    trace_id, span_id = format_trace_id(context.trace_id), format_span_id(context.span_id)
    return f"00-{trace_id}-{span_id}-{int(context.trace_flags) & 1:02x}"


def current_traceparent() -> str | None:
    """Return that of the span around the caller, or None without one."""
    return traceparent_of(get_current_span()) if switch.is_on else None


def context_of(traceparent: str | None) -> Context:
    """Return the context in which a child of that span begins; an empty one begins a trace of its own."""
    if traceparent is None:
        return Context()
    return _propagator.extract({HEADER: traceparent}, context=Context())


def link_to(traceparent: str | None) -> list[Link]:
    """Return a link to that span; none to a text that is no traceparent."""
    context = get_current_span(context_of(traceparent)).get_span_context()
    return [Link(context)] if context.is_valid else []
