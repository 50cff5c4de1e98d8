"""Cancel a notification, or erase its receiver."""

from django import forms
from unfold.widgets import UnfoldBooleanWidget

from notifications.models import Notification
from notifications.privacy.erasure.by_notification import ask_erasure
from notifications.rules.addresses import TOMBSTONE
from notifications.sending.pipeline.cancel import cancel
from notifications.states import NOTIFICATION_UNFINISHED
from tasks_core.admin.toolkit import (
    Action,
    ActionForm,
    Answers,
    Did,
    ReasonForm,
    Refused,
    each,
    signed_reason,
    task_link,
)


def _cancel(row: Notification, answers: Answers, actor: str) -> Did:
    if not cancel(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("had already ended")
    return Did("cancelled")


CANCEL: Action[Notification] = Action(
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


class ErasureForm(ActionForm):
    """Asks to be sure."""

    sure = forms.BooleanField(
        label="I have checked that this person is to be erased",
        widget=UnfoldBooleanWidget,
        help_text="It cannot be taken back.",
    )


def _erase(row: Notification, answers: Answers, actor: str) -> Did:
    if row.address.startswith(TOMBSTONE):
        raise Refused("had been erased")
    return Did("being erased", task_link(ask_erasure(row.pk, actor=actor).pk))


ERASE: Action[Notification] = Action(
    name="erase",
    label="Erase recipient…",
    button="Erase now",
    icon="person_remove",
    explanation=(
        "The receiver's address goes from all notifications, deliveries, tasks, events and logs, and with "
        "it variables and texts. What has not been sent to it is cancelled. A task does it; its page shows "
        "how far it is and what was erased."
    ),
    form=ErasureForm,
    perform=each(_erase),
    applies=lambda row: not row.address.startswith(TOMBSTONE),
    in_bulk=False,
    danger=True,
    permission="erase",
)
