"""Send the Celery message that beat would have sent for a periodic task."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from celery import Celery, current_app
from kombu.exceptions import OperationalError
from pydantic import BaseModel

from tasks_core.broker.redis_client import key
from tasks_core.context import TaskContext
from tasks_core.exceptions import Snooze
from tasks_core.schedules.periodic_tasks.json_columns import read

TYPE = "tasks_core.send_celery_message"
"""The task type whose tasks send plain Celery messages."""

BROKER_PAUSE = 5.0
IDS = uuid.UUID("5bd0e1a8-6c43-4f0b-9a57-0f6d3c1f8f5e")


class PlainMessage(BaseModel):
    """A periodic task that names no task type of the platform; JSON columns are kept as they are."""

    name: str
    periodic_task_id: int
    task: str
    args: str = "[]"
    kwargs: str = "{}"
    headers: str = "{}"
    queue: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    priority: int | None = None
    expires: datetime | None = None
    expire_seconds: int | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of ``apply_async`` that beat would give."""
        routing: dict[str, Any] = {
            "queue": self.queue,
            "exchange": self.exchange,
            "routing_key": self.routing_key,
            "priority": self.priority,
        }
        options = {option: value for option, value in routing.items() if value is not None}
        expires = self.expires or self.expire_seconds
        if expires:
            options["expires"] = expires
        marks = {"periodic_task_name": self.name, "celery_beat_task": True}
        return {**options, "headers": {**read(self.headers), **marks}}


def send_celery_message(payload: PlainMessage, context: TaskContext) -> str:
    """Send the message; return the id of the Celery task. An attempt that is repeated sends the same id."""
    task_id = celery_task_id(payload, context.scheduled_for or context.run_after)
    # In a thread of its own, because Celery takes what is sent from within a task for that task's child.
    with ThreadPoolExecutor(max_workers=1) as alone:
        try:
            alone.submit(_send, current_app._get_current_object(), payload, task_id).result()
        except (OperationalError, OSError) as error:
            raise Snooze(BROKER_PAUSE, f"the broker does not take the message: {error}") from None
    return task_id


def celery_task_id(message: PlainMessage, due: datetime) -> str:
    """Return the id of the Celery task for one tick: the same whenever it is asked for."""
    return str(uuid.uuid5(IDS, key(f"{message.periodic_task_id}/{message.name}/{due.timestamp()}")))


def _send(app: Celery, message: PlainMessage, task_id: str) -> None:
    args, kwargs = read(message.args), read(message.kwargs)
    options = {**message.options(), "task_id": task_id, "retry": False}
    registered = app.tasks.get(message.task)
    if registered is not None:
        registered.apply_async(args, kwargs, **options)
    else:
        app.send_task(message.task, args, kwargs, **options)
