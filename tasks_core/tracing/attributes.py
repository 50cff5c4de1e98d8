"""What spans say: OpenTelemetry's names for messaging, and ours. Ids and facts, never payloads."""

from opentelemetry.trace import Span, Status, StatusCode

Value = str | int | bool
Attributes = dict[str, Value]

SYSTEM = "bellringer"


def messaging(operation: str, kind: str, destination: str) -> Attributes:
    """Return the attributes that every span of the platform has.

    Args:
        operation: our word for it, such as ``dispatch``.
        kind: OpenTelemetry's: ``create``, ``send`` or ``process``.
        destination: the queue or lane.
    """
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": destination,
    }


def mark_failed(span: Span, error: str) -> None:
    """Say that it failed, and with which class of error; an error's text may quote a payload."""
    span.set_attribute("error.type", error)
    span.set_status(Status(StatusCode.ERROR, error))
