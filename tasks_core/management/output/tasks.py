"""Rows as commands show them. Payloads are masked wherever they appear."""

from typing import Any

from tasks_core.lanes import lane_name
from tasks_core.models import DeadLetter, Task, TaskEvent
from tasks_core.payloads import masked
from tasks_core.priority import Priority
from tasks_core.tracing.traceparent_text import trace_id

TASK_COLUMNS = ("id", "state", "task_type", "lane", "run_after", "attempts", "error")
LETTER_COLUMNS = ("id", "task", "task_type", "created_at", "resolution", "error", "message")
EVENT_COLUMNS = ("at", "event", "attempt", "data")


def describe_task(task: Task) -> dict[str, Any]:
    """Return what a list tells of a task: everything but payload and result."""
    return {
        "id": task.pk,
        "state": task.state,
        "task_type": task.task_type,
        "queue_name": task.queue_name,
        "priority": Priority(task.priority).name.lower(),
        "lane": lane_name(task.queue_name, task.priority),
        "run_after": task.run_after,
        "expires_at": task.expires_at,
        "enqueued_at": task.enqueued_at,
        "queued_at": task.queued_at,
        "started_at": task.first_started_at,
        "last_attempted_at": task.last_attempted_at,
        "finished_at": task.finished_at,
        "attempts": task.attempts,
        "attempts_used": task.attempts_used,
        "worker": task.worker,
        "error": task.error,
        "idempotency_key": task.idempotency_key,
        "correlation_id": task.correlation_id,
        "trace_id": trace_id(task.traceparent) or None,
        "tags": task.tags,
        "replay_of": task.replay_of_id,
    }


def describe_whole_task(task: Task) -> dict[str, Any]:
    """Return everything that people may see of a task."""
    policy = task.retry_policy
    return {
        **describe_task(task),
        "retry_policy": policy.name if policy else None,
        "retry": task.retry,
        "payload": masked(task.payload),
        "result": task.result,
        "dead_letter": DeadLetter.objects.filter(task=task).values_list("pk", flat=True).first(),
        "replays": list(task.replays.order_by("pk").values_list("pk", flat=True)),
    }


def describe_event(event: TaskEvent) -> dict[str, Any]:
    """Return one line of a task's timeline."""
    return {
        "at": event.at,
        "event": event.kind,
        "attempt": event.attempt or None,
        "data": event.data,
    }


def describe_letter(letter: DeadLetter) -> dict[str, Any]:
    """Return what a list tells of a dead letter: everything but the traceback."""
    return {
        "id": letter.pk,
        "task": letter.task_id,
        "task_type": letter.task_type,
        "created_at": letter.created_at,
        "resolution": letter.resolution or "open",
        "resolved_at": letter.resolved_at,
        "replayed_as": letter.replayed_as_id,
        "note": letter.note,
        "reason": letter.reason,
        "error": letter.error,
        "message": letter.message,
        "fingerprint": letter.fingerprint,
        "attempts": letter.attempts,
        "worker": letter.worker,
        "versions": letter.versions,
    }
