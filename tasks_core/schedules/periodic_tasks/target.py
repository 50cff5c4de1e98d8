"""What a periodic task runs: a task type of the platform, or a plain Celery message."""

from typing import Any

from tasks_core.exceptions import InvalidOption, InvalidPayload
from tasks_core.registry import require_allowed, task_types
from tasks_core.schedules.periodic_tasks.json_columns import decoded
from tasks_core.schedules.periodic_tasks.plain_message import TYPE


def target(row: Any) -> dict[str, Any]:
    """Return the keywords that say what ``row``, a ``PeriodicTask``, runs.

    Raises:
        InnerTaskType: it names what only the platform makes.
        InvalidPayload, InvalidOption: names the field that cannot be.
    """
    args, kwargs = decoded(row, "args", list), decoded(row, "kwargs", dict)
    headers = decoded(row, "headers", dict)
    registered = task_types().get(row.task)
    if registered is not None:
        require_allowed(registered, inner=False)
        return _durable(row, args, kwargs, headers)
    return {
        "task_type": TYPE,
        "payload": _message(row),
        "priority": None,
        "queue_name": None,
        "expires_after": None,
    }


def _durable(
    row: Any, args: list[Any], kwargs: dict[str, Any], headers: dict[str, Any]
) -> dict[str, Any]:
    for field in ("exchange", "routing_key"):
        if getattr(row, field):
            raise InvalidOption(
                f"{field} has no meaning for {row.task}, which is a task type of the platform; "
                "leave it empty, and name a queue if it is to have one of its own"
            )
    if headers:
        raise InvalidOption(
            f"headers have no meaning for {row.task}, which is a task type of the platform; put "
            "what its handler needs into kwargs"
        )
    return {
        "task_type": row.task,
        "payload": _payload(args, kwargs),
        "priority": row.priority,
        "queue_name": row.queue or None,
        "expires_after": row.expire_seconds or None,
    }


def _payload(args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return kwargs
    if len(args) == 1 and isinstance(args[0], dict) and not kwargs:
        return args[0]
    raise InvalidPayload("write the payload as kwargs, or as the only element of args")


def _message(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "periodic_task_id": row.pk,
        "task": row.task,
        "args": row.args or "[]",
        "kwargs": row.kwargs or "{}",
        "headers": row.headers or "{}",
        "queue": row.queue,
        "exchange": row.exchange,
        "routing_key": row.routing_key,
        "priority": row.priority,
        "expires": row.expires and row.expires.isoformat(),
        "expire_seconds": row.expire_seconds,
    }
