"""The span of one attempt: a child of the task's enqueue span, linked to the message that brought it."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from tasks_core.instrumentation import WatchedAttempt
from tasks_core.lanes import lane_name
from tasks_core.outcomes.failures import class_path
from tasks_core.tracing import attributes, switch
from tasks_core.tracing.arrival import published_by
from tasks_core.tracing.traceparent import context_of, link_to


@contextmanager
def attempt_span(seen: WatchedAttempt) -> Iterator[None]:
    """Record an attempt. What its handler does and enqueues belongs to the same trace."""
    task = seen.task
    with switch.tracer().start_as_current_span(
        f"attempt {seen.context.task_type}",
        context=context_of(task.traceparent),
        kind=SpanKind.CONSUMER,
        attributes=_facts(seen),
        links=link_to(published_by.get()),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield
        _conclude(span, seen)


def _facts(seen: WatchedAttempt) -> attributes.Attributes:
    task, context = seen.task, seen.context
    facts = {
        **attributes.messaging("attempt", "process", lane_name(task.queue_name, task.priority)),
        "messaging.message.id": str(task.id),
        "bellringer.task.type": context.task_type,
        "bellringer.task.attempt": task.attempt,
    }
    if task.correlation_id:
        facts["messaging.message.conversation_id"] = task.correlation_id
    return facts


def _conclude(span: Span, seen: WatchedAttempt) -> None:
    outcome = seen.outcome
    # The worker that stops takes the attempt out of the handler's hands: it goes back unused.
    span.set_attribute("bellringer.task.outcome", outcome.transition if outcome else "release")
    if outcome is not None and outcome.failure is not None:
        error = class_path(seen.error) if seen.error is not None else outcome.failure.error
        attributes.mark_failed(span, error)
