"""Cancel and redeliver events of scheduled triggers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from notifications.exceptions import NotificationsError
from notifications.models import TriggerEvent
from notifications.states import TRIGGER_EVENT_FINAL, TriggerEventStatus
from notifications.triggers import cancel_scheduled_event, redeliver_event
from tasks_core.admin.blocks import link
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.admin.task_steps import ReasonForm


def _cancel(rows: Sequence[TriggerEvent], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    reason = f"{answers['reason']} ({actor})"
    for row in rows:
        try:
            cancelled = cancel_scheduled_event(row.event_id, reason=reason)
        except NotificationsError as error:
            tally.refuse("were not cancelled", detail=str(error))
            continue
        if cancelled:
            tally.did("cancelled", row.pk)
        else:
            tally.refuse("had already ended")
    return tally


def _redeliver(rows: Sequence[TriggerEvent], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    for row in rows:
        try:
            made = redeliver_event(row.event_id)
        except NotificationsError as error:
            tally.refuse("were not redelivered", detail=str(error))
            continue
        url = reverse("admin:notifications_triggerevent_change", args=[made.pk])
        tally.did("redelivered", row.pk, link=link(url, f"event #{made.pk}"))
    return tally


CANCEL: Step[TriggerEvent] = Step(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation="What waits is not delivered. What is being delivered at this moment is left alone.",
    form=ReasonForm,
    perform=_cancel,
    applies=lambda row: row.status == TriggerEventStatus.SCHEDULED,
    danger=True,
)

REDELIVER: Step[TriggerEvent] = Step(
    name="redeliver",
    label="Redeliver…",
    button="Redeliver now",
    icon="replay",
    explanation=(
        "A new event is made, due now and linked to this one. The webhook gets a new id, and the old one "
        "in redelivery_of. An event of a cron trigger goes by the trigger as it is now."
    ),
    perform=_redeliver,
    applies=lambda row: row.status in TRIGGER_EVENT_FINAL,
)
