"""Coloured words for the states of notifications, deliveries and attempts."""

from django.utils.safestring import SafeString

from notifications.rules.fallback import StepState
from notifications.rules.outcome import Outcome
from notifications.rules.provider_events import EventKind
from notifications.states import (
    BroadcastState,
    DeliveryState,
    DigestState,
    NotificationState,
    TriggerEventStatus,
)
from tasks_core.admin.toolkit import badge

TONES: dict[str, str] = {
    NotificationState.ACCEPTED: "calm",
    NotificationState.IN_PROGRESS: "active",
    DeliveryState.PENDING: "calm",
    DeliveryState.RENDERED: "calm",
    DeliveryState.SENDING: "active",
    DeliveryState.SENT: "good",
    DeliveryState.DELIVERED: "good",
    DeliveryState.FAILED: "bad",
    DeliveryState.REJECTED: "bad",
    DeliveryState.BOUNCED: "bad",
    DeliveryState.EXPIRED: "muted",
    DeliveryState.CANCELLED: "muted",
    DeliveryState.SUPPRESSED: "muted",
    StepState.WAITING: "calm",
    StepState.BEGUN: "active",
    StepState.UNNEEDED: "good",
    StepState.SKIPPED: "muted",
    TriggerEventStatus.SCHEDULED: "calm",
    TriggerEventStatus.LOCKED: "active",
    TriggerEventStatus.ERROR: "bad",
    TriggerEventStatus.DEAD: "bad",
    BroadcastState.DRAFT: "muted",
    BroadcastState.SNAPSHOTTING: "active",
    BroadcastState.RUNNING: "active",
    BroadcastState.FINISHED: "good",
    DigestState.OPEN: "calm",
    DigestState.FULL: "calm",
    DigestState.CLOSED: "good",
    NotificationState.DIGESTED: "good",
    EventKind.OPENED: "good",
    EventKind.CLICKED: "good",
    EventKind.QUEUED: "calm",
    EventKind.COMPLAINED: "bad",
    Outcome.SUCCESS.value: "good",
    Outcome.SANDBOX.value: "muted",
    Outcome.PERMANENT.value: "bad",
}
"""The colour of each state and outcome; what is not here is a warning."""

OUTCOMES: dict[str, str] = {
    Outcome.TRANSIENT.value: "Failed for now",
    Outcome.PERMANENT.value: "Failed for good",
    Outcome.AMBIGUOUS.value: "No answer",
}
"""What operators read for the outcomes whose names are not plain."""


def outcome_word(value: str) -> SafeString:
    """Return the badge of an attempt's outcome; an attempt that has none is under way."""
    if not value:
        return badge("Under way", "active")
    return badge(OUTCOMES.get(value, value.capitalize()), TONES.get(value, "warning"))


def word(value: str) -> SafeString:
    """Return the badge of a state."""
    return badge(value.replace("_", " ").capitalize(), TONES.get(value, "warning"))
