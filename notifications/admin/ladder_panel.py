"""The fallback ladder of a notification: which channel follows when, and why."""

from __future__ import annotations

from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.badges import word
from notifications.models import LadderStep, Notification
from tasks_core import clock
from tasks_core.admin.blocks import link, table
from tasks_core.admin.moments import moment

HEADERS = ("Step", "Channel", "Address", "State", "Why", "Begins if", "Due", "Begun", "Delivery")


def ladder_panel(row: Notification) -> SafeString:
    """Return the steps after the notification's own channel, in order."""
    now = clock.now()
    rows = [
        (
            step.position,
            step.channel,
            step.address,
            word(step.state),
            step.reason,
            begins_if(step),
            moment(step.due_at, now),
            moment(step.begun_at, now),
            _delivery(step),
        )
        for step in row.ladder_steps.order_by("position")
    ]
    return table(HEADERS, rows, empty="It has no fallback.")


def begins_if(step: LadderStep) -> str:
    """Say in words what makes a step begin."""
    if step.after is None:
        return "the one before fails"
    return f"the one before fails, or none is {step.until} within {step.after}"


def _delivery(step: LadderStep) -> SafeString | str:
    if step.delivery_id is None:
        return ""
    url = reverse("admin:notifications_delivery_change", args=[step.delivery_id])
    return link(url, f"#{step.delivery_id}")
