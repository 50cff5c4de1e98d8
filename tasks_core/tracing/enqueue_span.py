"""The span of enqueuing: where a trace begins, unless the caller is inside one already."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from tasks_core.outcomes.failures import class_path
from tasks_core.sql.insert import NewTasks
from tasks_core.tracing import attributes, switch


@contextmanager
def enqueue_span(new: NewTasks) -> Iterator[Span]:
    """Record the insertion of ``new``, a child of the caller's span if there is one."""
    facts = {
        **attributes.messaging("enqueue", "create", new.queue_name),
        "bellringer.task.type": new.task_type,
        "messaging.batch.message_count": len(new.payloads),
    }
    if new.correlation_id:
        facts["messaging.message.conversation_id"] = new.correlation_id
    with switch.tracer().start_as_current_span(
        f"enqueue {new.task_type}",
        kind=SpanKind.PRODUCER,
        attributes=facts,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            attributes.mark_failed(span, class_path(error))
            raise
