"""Events as subscribers get them."""

from datetime import UTC, datetime
from typing import Any

from tasks_core.events import TaskDeadLettered, TaskFailed

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)


def dead(number: int = 1, **facts: Any) -> TaskDeadLettered:
    given = {"task_type": "invoice.remind", "attempt": 8, "at": AT, "reason": "no attempt is left"}
    return TaskDeadLettered(id=number, task_id=100 + number, **{**given, **facts})


def failed(number: int = 1, **facts: Any) -> TaskFailed:
    given = {"task_type": "invoice.remind", "attempt": 1, "at": AT, "error": "ValueError: broken"}
    return TaskFailed(id=number, task_id=100 + number, **{**given, **facts})
