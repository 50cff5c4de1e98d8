"""Store the steps of notifications that are being accepted."""

from collections.abc import Sequence

from notifications.message import Validated
from notifications.models import LadderStep


def keep_steps(validated: Sequence[Validated]) -> None:
    """Store steps in the transaction that stores their notifications."""
    steps: list[LadderStep] = []
    for one in validated:
        for step in one.steps:
            step.notification = one.row
            steps.append(step)
    LadderStep.objects.bulk_create(steps, batch_size=1000)
