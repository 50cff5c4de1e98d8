"""Whether this process records spans. While it does not, the hot path reads one attribute and no more."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from tasks_core import instrumentation

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer, TracerProvider

NAME = "bellringer"

is_on = False

_provider: Callable[[], "TracerProvider"] | None = None
_tracer: "Tracer | None" = None
_pid = 0


def enable(provider: Callable[[], "TracerProvider"] | None = None) -> None:
    """Record spans from now on.

    Args:
        provider: called once in each process, when its first span begins (so after the fork, in a prefork
            worker); without it the process' own global provider is used.

    Raises:
        ImproperlyConfigured: OpenTelemetry is not installed.
    """
    global is_on, _provider, _tracer
    try:
        from tasks_core.tracing.attempt_span import attempt_span
    except ImportError as error:
        raise ImproperlyConfigured(
            f"traces are on, but OpenTelemetry is not installed ({error}); "
            "install bellringer[otel], or switch traces off"
        ) from None
    _provider, _tracer = provider, None
    instrumentation.add_watcher(attempt_span)
    is_on = True


def disable() -> None:
    """Record no more spans."""
    global is_on, _provider, _tracer
    if is_on:
        from tasks_core.tracing.attempt_span import attempt_span

        instrumentation.remove_watcher(attempt_span)
    is_on, _provider, _tracer = False, None, None


def tracer() -> "Tracer":
    """Return this process' tracer; the first call in a process starts its provider."""
    global _tracer, _pid
    if _tracer is None or _pid != os.getpid():
        from opentelemetry.trace import get_tracer, get_tracer_provider

        provider = _provider() if _provider is not None else get_tracer_provider()
        _tracer = get_tracer(NAME, tracer_provider=provider)
        _pid = os.getpid()
    return _tracer
