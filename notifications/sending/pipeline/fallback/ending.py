"""Ladders whose task ended without success: nobody would look at them again, so they end."""

from collections.abc import Iterable

from notifications.sending.pipeline.settle import settle
from notifications.task_payloads import FALL_BACK
from tasks_core.signals import UnsuccessfulTask


def follow_unsuccessful_looks(tasks: Iterable[UnsuccessfulTask]) -> None:
    """End the steps that these tasks might have begun. This runs in the transaction that ends them."""
    for task in tasks:
        if task.task_type == FALL_BACK and isinstance(task.payload, dict):
            notification_id = task.payload.get("notification")
            if isinstance(notification_id, int):
                state = task.state.value.lower()
                settle([notification_id], no_fallback=f"the task of the fallback was {state}")
