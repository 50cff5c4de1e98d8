"""What every log line says of where it was written."""

from typing import Any

from tasks_core.correlation_ids import current_correlation_id
from tasks_core.current_attempt import current_context

_worker = ""


def set_worker_name(name: str) -> None:
    """Name this process, and those forked from it, in their log lines."""
    global _worker
    _worker = name


def worker_name() -> str:
    """Return the name of this worker or beat, empty in other processes."""
    return _worker


def of_request(request: object) -> dict[str, Any]:
    """Return the correlation id of the request that a line of Django's is about, if it has one."""
    correlation_id = getattr(request, "correlation_id", "")
    return {"correlation_id": correlation_id} if correlation_id else {}


def fields_here() -> dict[str, Any]:
    """Return ``worker``, ``task_id``, ``task_type``, ``attempt`` and ``correlation_id``.

    Each is there if it applies to whatever runs in this thread or coroutine.
    """
    fields: dict[str, Any] = {"worker": _worker} if _worker else {}
    attempt = current_context.get()
    if attempt is not None:
        fields.update(attempt.log_fields())
    if correlation_id := current_correlation_id():
        fields["correlation_id"] = correlation_id
    return fields
