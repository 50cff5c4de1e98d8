"""Cancel a notification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifications.models import Notification
from notifications.pipeline.cancel import cancel
from notifications.states import NOTIFICATION_UNFINISHED
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.admin.task_steps import ReasonForm


def _cancel(rows: Sequence[Notification], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    reason = f"{answers['reason']} ({actor})"
    for row in rows:
        if cancel(row.pk, reason=reason):
            tally.did("cancelled", row.pk)
        else:
            tally.refuse("had already ended")
    return tally


CANCEL: Step[Notification] = Step(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation=(
        "What has not been sent is not sent any more. A message that is being sent at this moment may "
        "still arrive; its delivery then says so."
    ),
    form=ReasonForm,
    perform=_cancel,
    applies=lambda row: row.state in NOTIFICATION_UNFINISHED,
    danger=True,
)
