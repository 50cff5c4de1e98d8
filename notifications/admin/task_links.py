"""Links from a task's page to the notification and delivery that it is about."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from notifications.pipeline import names
from tasks_core.admin.blocks import link
from tasks_core.admin.record import Fact
from tasks_core.admin.related import link_tasks
from tasks_core.models import Task


@link_tasks
def notification_facts(task: Task) -> Iterable[Fact]:
    """Return what the payload of a pipeline step names."""
    if task.task_type != names.SCHEDULE and task.task_type not in names.DELIVERY_STEPS:
        return
    for name in ("notification", "delivery"):
        key = task.payload.get(name) if isinstance(task.payload, dict) else None
        if isinstance(key, int):
            url = reverse(f"admin:notifications_{name}_change", args=[key])
            yield Fact(name.capitalize(), link(url, f"#{key}"))
