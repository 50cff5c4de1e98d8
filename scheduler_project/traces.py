"""Export spans by OTLP over HTTP, if OTEL_EXPORTER_OTLP_ENDPOINT is set.

The exporter reads the standard OTEL_* variables by itself. It is started in each process when that begins its
first span: in a prefork worker after the fork, whose threads and connections would not survive it.
"""

import atexit
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from tasks_core.signals import worker_process_stopped
from tasks_core.tracing import switch

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider as SdkProvider
    from opentelemetry.trace import TracerProvider

FLUSH_SECONDS = 2.0
"""Longest time that the last spans may hold up the end of a process, whatever the collector does."""

_provider: "SdkProvider | None" = None


def are_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether the standard variables ask for traces."""
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    is_off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    is_off = is_off or environment.get("OTEL_TRACES_EXPORTER", "").strip() == "none"
    return not is_off and any(environment.get(name, "").strip() for name in names)


def configure(environment: Mapping[str, str]) -> None:
    """Record and export the spans of this process and of those that it forks.

    Raises:
        ImproperlyConfigured: what was asked for is not there; the message says what to do.
    """
    protocol = (
        environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    if protocol != "http/protobuf":
        raise ImproperlyConfigured(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, but traces are exported by http/protobuf "
            "only; leave it out and name the collector's HTTP port (usually 4318) as the endpoint"
        )
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: F401
    except ImportError as error:
        raise ImproperlyConfigured(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed ({error}); "
            "install bellringer[otel], or unset it"
        ) from None
    switch.enable(start)
    worker_process_stopped.connect(_stopped, dispatch_uid="scheduler_project.traces")


def start() -> "TracerProvider":
    """Return this process' provider: the one that somebody else has set up, or else ours."""
    global _provider
    from opentelemetry import trace

    known = trace.get_tracer_provider()
    if not isinstance(known, trace.ProxyTracerProvider):
        return known
    _provider = _made()
    trace.set_tracer_provider(_provider)
    atexit.register(flush)
    return _provider


def _made() -> "SdkProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "bellringer"}).merge(
        OTELResourceDetector().detect()
    )
    # Its own way to end waits for the collector as long as that likes.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def flush(seconds: float = FLUSH_SECONDS) -> None:
    """Export what has been recorded, and wait for that at most so long."""
    if _provider is None:
        return
    # The SDK does not keep to a time-out of its own.
    thread = threading.Thread(target=_provider.force_flush, name="traces-flush", daemon=True)
    thread.start()
    thread.join(seconds)


def _stopped(**_: Any) -> None:
    flush()
