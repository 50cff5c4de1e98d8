"""The names of the pipeline's task types and queues."""

SCHEDULE = "notification.schedule"
RENDER = "notification.render"
FALL_BACK = "notification.fall_back"
ERASE = "notification.erase_recipient"
DELIVER_EMAIL = "notification.deliver.email"
DELIVER_WEBHOOK = "notification.deliver.webhook"

DELIVER = "notification.deliver."
"""Begins the task type of each channel."""

CRITICAL_QUEUE = "critical"


def is_delivery_step(task_type: str) -> bool:
    """Say whether tasks of this type work on one delivery."""
    return task_type == RENDER or task_type.startswith(DELIVER)
