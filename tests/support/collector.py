"""An OTLP collector: a local HTTP server that keeps the spans it gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.receiver import Receiver, running_receiver


@dataclass(frozen=True)
class Exported:
    """A span as it came over the wire; ids in hex, the parent's empty for the first of a trace."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    service: str
    text: str


class Collector:
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}"}

    def spans(self, name: str = "") -> list[Exported]:
        """Return the spans received whose names begin so."""
        found = [span for body in self._bodies() for span in _parsed(body)]
        return [span for span in found if span.name.startswith(name)]

    def one(self, name: str) -> Exported:
        [span] = self.spans(name)
        return span

    def _bodies(self) -> list[bytes]:
        return [seen.body for seen in list(self.receiver.received) if seen.path == "/v1/traces"]


def _parsed(body: bytes) -> Iterator[Exported]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        facts = {fact.key: fact.value.string_value for fact in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Exported(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.span_id.hex() for link in span.links),
                    service=facts["service.name"],
                    text=str(span),
                )


@contextmanager
def running_collector() -> Iterator[Collector]:
    with running_receiver() as receiver:
        yield Collector(receiver)
