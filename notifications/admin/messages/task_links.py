"""Links from a task's page to the notification, delivery or trigger that it is about."""

from collections.abc import Iterable

from django.urls import reverse

from notifications.task_payloads import DELIVER_EVENT, FALL_BACK, SCHEDULE, TICK, is_delivery_step
from tasks_core.admin.toolkit import Fact, link, link_tasks
from tasks_core.models import Task

_MODELS = {
    SCHEDULE: (("notification", "notification"),),
    FALL_BACK: (("notification", "notification"),),
    DELIVER_EVENT: (("event", "triggerevent"),),
    TICK: (("trigger", "crontrigger"),),
}
"""The model behind each field of the payload, by task type."""


@link_tasks
def notification_facts(task: Task) -> Iterable[Fact]:
    """Return what the payload of a pipeline step names."""
    for name, model in _models(task.task_type):
        key = task.payload.get(name) if isinstance(task.payload, dict) else None
        if isinstance(key, int):
            url = reverse(f"admin:notifications_{model}_change", args=[key])
            yield Fact(name.capitalize(), link(url, f"#{key}"))


def _models(task_type: str) -> tuple[tuple[str, str], ...]:
    if is_delivery_step(task_type):
        return (("delivery", "delivery"),)
    return _MODELS.get(task_type, ())
