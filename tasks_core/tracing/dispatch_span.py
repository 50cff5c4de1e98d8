"""The spans of publishing: one for each message, which carries it to the worker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from opentelemetry.trace import Span, SpanKind

from tasks_core.outcomes.failures import class_path
from tasks_core.tracing import attributes, switch
from tasks_core.tracing.traceparent import context_of, link_to, traceparent_of

if TYPE_CHECKING:
    from tasks_core.broker.message import Message

MAX_LINKS = 128
"""OpenTelemetry's own default limit; further links would push out the first."""


@contextmanager
def dispatch_spans(messages: Sequence["Message"]) -> Iterator[list["Message"]]:
    """Record the publishing of ``messages`` and give them with the span that each is to carry.

    A message whose tasks all come from one span is part of that trace. One that gathers tasks of several
    begins a trace of its own and is linked to theirs. Tasks without a trace make no span.
    """
    spans = [_begin(message) for message in messages]
    try:
        yield [
            replace(message, traceparent=traceparent_of(span)) if span else message
            for message, span in zip(messages, spans, strict=True)
        ]
    except BaseException as error:
        for span in filter(None, spans):
            attributes.mark_failed(span, class_path(error))
        raise
    finally:
        for span in filter(None, spans):
            span.end()


def _begin(message: "Message") -> Span | None:
    origins = list(dict.fromkeys(message.origins))
    if not origins:
        return None
    is_one = len(origins) == 1
    facts = {
        **attributes.messaging("dispatch", "send", message.lane),
        "bellringer.task.type": message.task_type,
        "messaging.batch.message_count": len(message.ids),
    }
    return switch.tracer().start_span(
        f"dispatch {message.task_type}",
        context=context_of(origins[0] if is_one else None),
        kind=SpanKind.PRODUCER,
        attributes=facts,
        links=None if is_one else [link for o in origins[:MAX_LINKS] for link in link_to(o)],
    )
