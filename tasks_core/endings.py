"""Tell the rest of the project, in the same transaction, that tasks have ended without success."""

from __future__ import annotations

from collections.abc import Iterable

from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful


def announce_unsuccessful(ids: Iterable[int]) -> None:
    """Send ``tasks_unsuccessful`` for the tasks ``ids``; call it in the transaction that ended them."""
    wanted = list(ids)
    if not wanted or not tasks_unsuccessful.has_listeners():
        return
    rows = Task.objects.filter(pk__in=wanted).values_list(
        "id", "task_type", "state", "payload", "error"
    )
    tasks = [
        UnsuccessfulTask(
            task_id=pk, task_type=kind, state=State(state), payload=payload, error=error
        )
        for pk, kind, state, payload, error in rows
    ]
    announce(tasks)


def announce(tasks: list[UnsuccessfulTask]) -> None:
    """Send ``tasks_unsuccessful``, if there is anything to tell."""
    if tasks:
        tasks_unsuccessful.send(sender=Task, tasks=tasks)
