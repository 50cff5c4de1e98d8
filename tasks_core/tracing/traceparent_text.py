"""Read a stored ``traceparent`` without OpenTelemetry."""


def trace_id(traceparent: str | None) -> str:
    """Return the 32 characters by which a trace is found, or an empty text."""
    return traceparent.split("-")[1] if traceparent else ""
