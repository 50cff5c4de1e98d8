"""Cancel a notification."""

from __future__ import annotations

from notifications.models import Notification
from notifications.pipeline.cancel import cancel
from notifications.states import NOTIFICATION_UNFINISHED
from tasks_core.admin.steering.each import Answers, Did, Refused, each
from tasks_core.admin.steering.reason import ReasonForm, signed_reason
from tasks_core.admin.steering.step import Step


def _cancel(row: Notification, answers: Answers, actor: str) -> Did:
    if not cancel(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("had already ended")
    return Did("cancelled")


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
    perform=each(_cancel),
    applies=lambda row: row.state in NOTIFICATION_UNFINISHED,
    danger=True,
)
