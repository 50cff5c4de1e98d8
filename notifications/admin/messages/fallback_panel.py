"""The fallback ladder of a notification, told as a story: which channel followed which, when, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import TONES, word
from notifications.models import Delivery, LadderStep, Notification
from notifications.rules.fallback import StepState
from tasks_core import clock
from tasks_core.admin.toolkit import link, moment, moment_in_full, span


@dataclass(frozen=True)
class Rung:
    """One way that was or would be taken."""

    channel: str
    address: str
    tone: str
    state: SafeString
    delivery: SafeString | str
    lines: Sequence[SafeString | str]


def ladder_panel(row: Notification) -> SafeString:
    """Return the notification's own channel and the steps after it, in order."""
    now = clock.now()
    steps = list(row.ladder_steps.order_by("position").select_related("delivery"))
    begun = {step.delivery_id for step in steps}
    own = next((one for one in row.deliveries.order_by("pk") if one.pk not in begun), None)
    rungs = [_first(row, own, now), *(_rung(step, now) for step in steps)]
    return render_to_string("admin/notifications/ladder.html", {"rungs": rungs})


def begins_if(step: LadderStep) -> str:
    """Say in words what makes a step begin."""
    if step.after is None:
        return "begins if the one before fails"
    return f"begins if the one before fails, or none is {step.until} within {span(step.after)}"


def _first(row: Notification, delivery: Delivery | None, now: datetime) -> Rung:
    state = delivery.state if delivery else row.state
    return Rung(
        channel=row.channel,
        address=row.address,
        tone=TONES.get(state, "warning"),
        state=word(state),
        delivery=_link(delivery),
        lines=["the notification's own channel", *_fate(delivery, now)],
    )


def _rung(step: LadderStep, now: datetime) -> Rung:
    state = step.delivery.state if step.delivery else step.state
    return Rung(
        channel=step.channel,
        address=step.address,
        tone=TONES.get(state, "warning"),
        state=word(state),
        delivery=_link(step.delivery),
        lines=[*_turn(step, now), *_fate(step.delivery, now)],
    )


def _turn(step: LadderStep, now: datetime) -> list[SafeString | str]:
    """Return when and why a step began, or what it waits for, or why it does not begin any more."""
    if step.begun_at is not None:
        return [format_html("begun {}: {}", moment(step.begun_at, now), step.reason)]
    if step.state != StepState.WAITING:
        return [step.reason] if step.reason else []
    due = format_html("due {}", moment_in_full(step.due_at, now)) if step.due_at else ""
    return [begins_if(step), *([due] if due else [])]


def _fate(delivery: Delivery | None, now: datetime) -> list[SafeString | str]:
    """Return what became of a delivery."""
    if delivery is None:
        return []
    if delivery.sent_at is not None:
        return [format_html("sent {}", moment(delivery.sent_at, now))]
    return [delivery.error] if delivery.error else []


def _link(delivery: Delivery | None) -> SafeString | str:
    if delivery is None:
        return ""
    url = reverse("admin:notifications_delivery_change", args=[delivery.pk])
    return link(url, f"delivery #{delivery.pk}")
