"""What follows for a ladder when one of its deliveries has moved; part of settling the notification."""

from collections.abc import Iterable, Sequence

from notifications.models import LadderStep, Notification
from notifications.rules.fallback import OPEN, Decision, Ladder, Move, StepState, decide
from notifications.sending.pipeline.fallback.enqueuing import look_again
from notifications.sending.pipeline.fallback.loading import load
from notifications.states import NotificationState
from tasks_core import clock


def follow_ladders(notification_ids: Sequence[int], no_fallback: str = "") -> None:
    """Do what can be done at once, and enqueue a task for the rest. The notifications are locked.

    Beginning a step is left to a task, in the same transaction: it takes limits into account and may be
    tried again, and this runs where other notifications wait.
    """
    if not notification_ids:
        return
    now = clock.now()
    for ladder in load(notification_ids):
        _follow(ladder, Decision(Move.SKIP, no_fallback) if no_fallback else decide(ladder, now))


def skip_steps(notification_ids: Iterable[int], reason: str) -> int:
    """End the steps that might still begin; return how many."""
    left = (StepState.WAITING, StepState.UNNEEDED)
    return LadderStep.objects.filter(
        notification__in=list(notification_ids), state__in=left
    ).update(state=StepState.SKIPPED.value, reason=reason[:200])


def unneeded_deliveries(ladder: Ladder) -> bool:
    """Tell whether deliveries are still on their way although another has done its part."""
    return bool(ladder.reached) and bool(OPEN & set(ladder.deliveries.values()))


def _follow(ladder: Ladder, decision: Decision) -> None:
    if decision.move is Move.SKIP:
        skip_steps([ladder.notification_id], decision.reason)
    elif decision.move is Move.UNNEEDED:
        LadderStep.objects.filter(notification=ladder.notification_id).waiting().update(
            state=StepState.UNNEEDED.value, reason=decision.reason
        )
    elif decision.move is Move.BEGIN:
        _reopen(ladder)
    if decision.move is Move.BEGIN or unneeded_deliveries(ladder):
        look_again(ladder.notification_id)


def _reopen(ladder: Ladder) -> None:
    """A message that had been sent came back: go on with the steps that were not needed."""
    reopened = Notification.objects.filter(
        pk=ladder.notification_id, state=NotificationState.SENT
    ).update(state=NotificationState.IN_PROGRESS, finished_at=None)
    if reopened:
        LadderStep.objects.filter(
            notification=ladder.notification_id, state=StepState.UNNEEDED.value
        ).update(state=StepState.WAITING.value, reason="", due_at=None)
