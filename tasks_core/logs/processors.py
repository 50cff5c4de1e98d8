"""Steps on the way of a log line, for structlog."""

from typing import Any

from structlog.typing import EventDict

from tasks_core.logs.fields import fields_here, of_request
from tasks_core.logs.message import message_of
from tasks_core.logs.redaction import redacted_fields

_NOBODY_READS = frozenset({"request", "server_time"})
"""What Django attaches to its lines beside what it says in them."""


def format_message(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Put the positional arguments of a structlog call into its event."""
    arguments = event.pop("positional_args", ())
    if len(arguments) == 1 and isinstance(arguments[0], dict) and arguments[0]:
        arguments = arguments[0]  # as in the standard library
    event["event"] = message_of(event.get("event", ""), arguments)
    return event


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Mask the secrets in every field, tracebacks included; what is left is plain JSON.

    It comes after everything that adds fields, and before what renders them.
    """
    shown = {name: value for name, value in event.items() if name not in _NOBODY_READS}
    return redacted_fields(shown | of_request(event.get("request")))


def add_context(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add what ``fields_here`` says.

    It comes after ``redact``, so that no number of a task is taken for a secret. A correlation id may come
    from outside: it was redacted if it is among the fields already.
    """
    here = fields_here()
    correlation = redacted_fields({"correlation_id": here.pop("correlation_id", "")})
    if correlation["correlation_id"]:
        here.update(correlation)
    return {**event, **here}
