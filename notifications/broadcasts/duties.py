"""What beat does for broadcasts."""

from notifications.broadcasts.upkeep import advance_broadcasts, remove_leftovers
from tasks_core.duties.duty import Duty

RUNNING_SECONDS = 0.5
IDLE_SECONDS = 3.0
CLEANING_SECONDS = 60.0
PAUSE_BETWEEN_BATCHES = 0.1


def make_duties() -> list[Duty]:
    """Give the duties for beat, not yet started."""
    return [Duty("broadcasts", _advancing), Duty("broadcast-leftovers", _cleaning)]


def _advancing() -> float:
    return RUNNING_SECONDS if advance_broadcasts() else IDLE_SECONDS


def _cleaning() -> float:
    return PAUSE_BETWEEN_BATCHES if remove_leftovers() else CLEANING_SECONDS
