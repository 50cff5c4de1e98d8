"""Coloured words for states and outcomes."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_core.engine.schedule import TickOutcome
from tasks_core.engine.states import State

TONES: dict[str, str] = {
    State.SCHEDULED: "calm",
    State.QUEUED: "calm",
    State.RUNNING: "active",
    State.RETRYING: "warning",
    State.SUCCEEDED: "good",
    State.DEAD: "bad",
    State.CANCELLED: "muted",
    State.EXPIRED: "muted",
}
"""The colour of each state of a task."""


OUTCOME_TONES: dict[str, str] = {
    TickOutcome.UPCOMING: "calm",
    TickOutcome.FIRED: "good",
    TickOutcome.CAUGHT_UP: "warning",
    TickOutcome.BUFFERED: "active",
    TickOutcome.SKIPPED_MISFIRE: "bad",
    TickOutcome.SKIPPED_OVERLAP: "warning",
}
"""The colour of each outcome of a tick; those that were to be expected have none."""


def badge(text: str, tone: str = "muted") -> SafeString:
    """Return ``text`` on a coloured ground; tones are calm, active, warning, good, bad and muted."""
    return format_html('<span class="br-badge br-{}">{}</span>', tone, text)


def state_badge(state: str) -> SafeString:
    """Return the badge of a task's state."""
    return badge(state.capitalize(), TONES.get(state, "muted"))


def outcome_badge(outcome: str) -> SafeString:
    """Return the badge of a tick's outcome."""
    return badge(outcome.replace("_", " ").capitalize(), OUTCOME_TONES.get(outcome, "muted"))
