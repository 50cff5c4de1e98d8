"""Deliveries whose task ended without its handler: dead, cancelled, expired, worker lost.

This runs in the transaction that ends the tasks, so a delivery and its task end together.
"""

from collections.abc import Iterable

from notifications.models import DeliveryAttempt
from notifications.sending.pipeline.settle import end_deliveries, end_notification
from notifications.states import DeliveryState, NotificationState
from notifications.task_payloads import SCHEDULE, is_delivery_step
from tasks_core import clock
from tasks_core.signals import UnsuccessfulTask

_OUR_OWN = frozenset({"PermanentError", "RetryAfter", "DeliveryFailed", "ScreeningUndecided"})
"""Exceptions whose text is enough for people: the channels raise them with the receiver's answer."""

_LOST = "the worker was lost or stopped while it was sending; it may have arrived"


def follow_unsuccessful(tasks: Iterable[UnsuccessfulTask]) -> None:
    """End what these tasks were to do, in the state that they ended in."""
    for task in sorted(tasks, key=_order):
        if task.task_type == SCHEDULE:
            _end_notification(task)
        elif is_delivery_step(task.task_type):
            _end_delivery(task)


def _order(task: UnsuccessfulTask) -> int:
    """Deliveries are locked in one order everywhere; see ``notifications.sending.pipeline.settle``."""
    return _said(task, "delivery") or 0


def _said(task: UnsuccessfulTask, name: str) -> int | None:
    """Return an id of the payload, which may have any form: it may be another type's, or unreadable."""
    found = task.payload.get(name) if isinstance(task.payload, dict) else None
    return found if isinstance(found, int) else None


def _end_notification(task: UnsuccessfulTask) -> None:
    if notification_id := _said(task, "notification"):
        state = NotificationState(_state(task).value)
        end_notification(notification_id, state, _reason(task))


def _end_delivery(task: UnsuccessfulTask) -> None:
    delivery_id = _said(task, "delivery")
    if not delivery_id:
        return
    end_deliveries([delivery_id], _state(task), _reason(task))
    DeliveryAttempt.objects.filter(delivery=delivery_id, finished_at=None).update(
        finished_at=clock.now(), outcome="ambiguous", error=_LOST
    )


def _state(task: UnsuccessfulTask) -> DeliveryState:
    return {
        "dead": DeliveryState.FAILED,
        "cancelled": DeliveryState.CANCELLED,
        "expired": DeliveryState.EXPIRED,
    }[task.state.value.lower()]


def _reason(task: UnsuccessfulTask) -> str:
    problem = _problem(task)
    if _state(task) is not DeliveryState.EXPIRED:
        return problem or f"its task was {task.state.value.lower()}"
    if problem:
        return f"expired before it could be tried again; the last try: {problem}"
    return "expired before it could be tried"


def _problem(task: UnsuccessfulTask) -> str:
    """What the last attempt met; empty if there was none."""
    raised, _, said = task.error.partition(": ")
    if said and raised.rpartition(".")[2] in _OUR_OWN:
        return said
    return task.error
