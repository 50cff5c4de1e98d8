"""What retention needs done again and again."""

from notifications.retention.clean_up import clean_up
from tasks_core.duty import Duty

CLEAN_UP_SECONDS = 60.0
PAUSE_BETWEEN_BATCHES = 0.1


def make_duties() -> list[Duty]:
    """Give the duty for beat, not yet started."""
    return [Duty("notification-retention", _cleaning_up)]


def _cleaning_up() -> float:
    return PAUSE_BETWEEN_BATCHES if clean_up() else CLEAN_UP_SECONDS
