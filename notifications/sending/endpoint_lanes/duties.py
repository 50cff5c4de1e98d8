"""What the lanes need done again and again: waking what waits, when a pause or a breaker is over."""

from notifications.sending.endpoint_lanes.release import wake_waiting
from tasks_core.duties.duty import Duty

SECONDS = 1.0
"""How soon room is noticed that nobody has announced: after a pause, or a worker's death."""


def make_duties() -> list[Duty]:
    """Give the duties for beat, not yet started."""
    return [Duty("webhook-lanes", _waking, is_brief=True)]


def _waking() -> float:
    wake_waiting()
    return SECONDS
