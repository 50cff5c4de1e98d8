"""The queues in use: what workers consume unless they are told otherwise."""

from tasks_core.events.subscription import subscriptions
from tasks_core.registry import declared_queues, task_types


def queue_names() -> list[str]:
    """Return the queues that task types and subscribers use, and those declared, sorted."""
    of_types = {task_type.queue_name for task_type in task_types().values()}
    of_subscribers = {subscription.queue_name for subscription in subscriptions().values()}
    return sorted({*of_types, *of_subscribers, *declared_queues(), "default"})
