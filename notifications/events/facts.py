"""What templates are told of an event."""

from typing import Any

from tasks_core.events import Event


def facts_of(event: Event) -> dict[str, Any]:
    """Return kind, task_type, task_id, attempt, at and reason (empty if there is none), as plain JSON."""
    return {
        "kind": event.kind.replace("_", " "),
        "task_type": event.task_type,
        "task_id": event.task_id,
        "attempt": event.attempt,
        "at": event.at.isoformat(timespec="seconds"),
        "reason": getattr(event, "reason", "") or getattr(event, "error", ""),
    }
