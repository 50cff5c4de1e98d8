"""Each task type as a Celery task of the same name, so that Flower and Celery's logs show it."""

import os
from typing import Any

from celery import Task as CeleryTask
from celery import shared_task

from tasks_core.database import session_state
from tasks_core.registry import TaskType
from tasks_core.tracing import switch
from tasks_core.tracing.arrival import arrived
from tasks_core.worker import vain_messages


def expose(task_type: TaskType) -> None:
    """Register the Celery task that executes messages of ``task_type``."""
    shared_task(_execute_message, name=task_type.name, bind=True, **OPTIONS)


OPTIONS: dict[str, Any] = {
    "acks_late": True,
    "ignore_result": True,
    "store_errors_even_if_ignored": False,
    "reject_on_worker_lost": False,  # the lease decides, so a task that kills its process cannot loop
    "max_retries": 0,
    "typing": False,
}


def _execute_message(self: CeleryTask, ids: list[int]) -> int:
    """Claim and run the tasks ``ids``; the body of every platform task."""
    from tasks_core.worker.executor import (
        execute,  # needs the models, which load after the task types
    )

    worker = f"{self.request.hostname or 'local'}:{os.getpid()}"
    try:
        if not switch.is_on:
            return execute(self.name, ids, worker=worker)
        with arrived(self.request.get("traceparent")):
            return execute(self.name, ids, worker=worker)
    except Exception as error:
        vain_messages.note_failure(error)  # Celery logs it, takes the message for done, and goes on
        raise


def _deliver_events(self: CeleryTask, names: list[str]) -> int:
    """Give the subscribers ``names`` the events that they have not got yet."""
    from tasks_core.worker.event_delivery import deliver  # needs the models

    holder = f"{self.request.hostname}:{os.getpid()}"
    count = sum(deliver(name, holder=holder) for name in names)
    session_state.know_all()
    return count


shared_task(_deliver_events, name="tasks_core.deliver_events", bind=True, **OPTIONS)
