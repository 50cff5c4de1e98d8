"""Cancel and redeliver events of scheduled triggers."""

from django.urls import reverse

from notifications.exceptions import NotificationsError
from notifications.models import TriggerEvent
from notifications.states import TRIGGER_EVENT_FINAL, TriggerEventStatus
from notifications.triggers import cancel_scheduled_event, redeliver_event
from tasks_core.admin.toolkit import (
    Action,
    Answers,
    Did,
    ReasonForm,
    Refused,
    each,
    link,
    signed_reason,
)


def _cancel(row: TriggerEvent, answers: Answers, actor: str) -> Did:
    if not cancel_scheduled_event(row.event_id, reason=signed_reason(answers, actor)):
        raise Refused("had already ended")
    return Did("cancelled")


def _redeliver(row: TriggerEvent, answers: Answers, actor: str) -> Did:
    made = redeliver_event(row.event_id)
    url = reverse("admin:notifications_triggerevent_change", args=[made.pk])
    return Did("redelivered", link(url, f"event #{made.pk}"))


CANCEL: Action[TriggerEvent] = Action(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation="What waits is not delivered. What is being delivered at this moment is left alone.",
    form=ReasonForm,
    perform=each(_cancel, refusals={NotificationsError: "were not cancelled"}),
    applies=lambda row: row.status == TriggerEventStatus.SCHEDULED,
    danger=True,
)

REDELIVER: Action[TriggerEvent] = Action(
    name="redeliver",
    label="Redeliver…",
    button="Redeliver now",
    icon="replay",
    explanation=(
        "A new event is made, due now and linked to this one. The webhook gets a new id, and the old one "
        "in redelivery_of. An event of a cron trigger goes by the trigger as it is now."
    ),
    perform=each(_redeliver, refusals={NotificationsError: "were not redelivered"}),
    applies=lambda row: row.status in TRIGGER_EVENT_FINAL,
)
