"""Store the steps of notifications that are being accepted."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.models import LadderStep, Notification


def keep_steps(notifications: Sequence[Notification]) -> None:
    """Store steps in the transaction that stores their notifications."""
    steps: list[LadderStep] = []
    for notification in notifications:
        for step in notification.steps:
            step.notification = notification
            steps.append(step)
    LadderStep.objects.bulk_create(steps, batch_size=1000)
