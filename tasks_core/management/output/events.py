"""Events, summaries and contradictions as commands show them."""

from dataclasses import asdict
from typing import Any

from tasks_core.engine.events import Event
from tasks_core.events.rebuilding import Difference
from tasks_core.models import TaskHistory

FOUND_COLUMNS = ("id", "at", "event", "task", "task_type", "attempt", "facts")
DIFFERENCE_COLUMNS = ("task", "task_type", "field", "table", "events")
_BASE = {"id", "task_id", "task_type", "attempt", "at"}


def describe_found(event: Event) -> dict[str, Any]:
    """Return what a list tells of an event."""
    facts = {name: value for name, value in asdict(event).items() if name not in _BASE}
    return {
        "id": event.id,
        "at": event.at,
        "event": event.kind,
        "task": event.task_id,
        "task_type": event.task_type,
        "attempt": event.attempt or None,
        "facts": {name: value for name, value in facts.items() if value not in ("", None)} or None,
    }


def describe_difference(found: Difference) -> dict[str, Any]:
    """Return where the table of tasks and the events do not agree."""
    return {
        "task": found.task_id,
        "task_type": found.task_type,
        "field": found.field,
        "table": found.stored,
        "events": found.derived,
    }


def describe_history(history: TaskHistory) -> dict[str, Any]:
    """Return the summary of a task's events that are not stored any more."""
    return {
        "first_at": history.first_at,
        "last_at": history.last_at,
        "state": history.state,
        "attempts": history.attempts,
        "attempts_returned": history.attempts_returned,
        "counts": history.counts,
        "error": history.error,
    }
