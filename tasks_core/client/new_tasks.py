"""New tasks as one statement inserts them, and how often a key that is taken is tried."""

from tasks_core.client.options import Options
from tasks_core.registry import TaskType
from tasks_core.sql.insert import NewTasks

TRIES = 20
"""How often a key may turn out to be taken, and to be free again when its task is looked for."""

UNSETTLED = (
    f"the key was taken {TRIES} times, and each time no task had it when it was looked for; try again, and "
    "look for a trigger or a row security policy on the table of tasks that hides them"
)


Row = tuple[str, str | None, str | None, str | None]
"""Stored payload, idempotency key, unique key, correlation id."""


def new_tasks(
    registered: TaskType,
    options: Options,
    rows: list[Row],
    unique_until: str | None,
    replay_of_id: int | None,
) -> NewTasks:
    """Return rows whose parts are checked as the columns of one statement."""
    return NewTasks(
        task_type=registered.name,
        queue_name=options.queue_name,
        priority=int(options.priority),
        run_after=options.run_after,
        expires_at=options.expires_at,
        payloads=[row[0] for row in rows],
        idempotency_keys=[row[1] for row in rows],
        unique_keys=[row[2] for row in rows],
        correlation_ids=[row[3] for row in rows],
        unique_until=unique_until,
        retry_policy_id=options.retry_policy_id,
        retry=options.retry,
        correlation_id=options.correlation_id,
        tags=options.tags,
        replay_of_id=replay_of_id,
    )
