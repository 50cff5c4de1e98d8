"""What the triggers need done again and again: lost locks released, what is old removed."""

from notifications.triggers.clean_up import clean_up
from notifications.triggers.lost_locks import release_lost_locks
from tasks_core.duties.duty import Duty

CLEAN_UP_SECONDS = 60.0
PAUSE_BETWEEN_BATCHES = 0.1
RELEASE_SECONDS = 10.0


def make_duties() -> list[Duty]:
    """Give the duties for beat, not yet started."""
    return [
        Duty("trigger-clean-up", _cleaning_up),
        Duty("trigger-locks", _releasing),
    ]


def _cleaning_up() -> float:
    return PAUSE_BETWEEN_BATCHES if clean_up() else CLEAN_UP_SECONDS


def _releasing() -> float:
    release_lost_locks()
    return RELEASE_SECONDS
