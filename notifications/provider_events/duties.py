"""What provider events need done again and again."""

from __future__ import annotations

from notifications.provider_events.late import delete_old_events, follow_late_events
from tasks_core.duties.duty import Duty

LATE_SECONDS = 5.0
CLEAN_UP_SECONDS = 300.0
PAUSE_BETWEEN_BATCHES = 0.1


def make_duties() -> list[Duty]:
    """Give the duties for beat, not yet started."""
    return [Duty("late-events", _following), Duty("old-events", _cleaning_up)]


def _following() -> float:
    return PAUSE_BETWEEN_BATCHES if follow_late_events() else LATE_SECONDS


def _cleaning_up() -> float:
    return PAUSE_BETWEEN_BATCHES if delete_old_events() else CLEAN_UP_SECONDS
