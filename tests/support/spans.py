"""Spans recorded in memory, and what a test wants to know of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tasks_core.tracing import switch


class Spans:
    """All spans that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def all(self, name: str = "") -> list[ReadableSpan]:
        """Return those whose names begin so, in the order of their ends."""
        spans = self._exporter.get_finished_spans()
        return [span for span in spans if span.name.startswith(name)]

    def one(self, name: str) -> ReadableSpan:
        [span] = self.all(name)
        return span


def span_id(span: ReadableSpan) -> int:
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> int:
    return int(span.context.trace_id)


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def links_of(span: ReadableSpan) -> list[int]:
    return [link.context.span_id for link in span.links]


def fact(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


@contextmanager
def recorded_spans() -> Iterator[Spans]:
    spans = Spans()
    switch.enable(lambda: spans.provider)
    try:
        yield spans
    finally:
        switch.disable()
        spans.provider.shutdown()
