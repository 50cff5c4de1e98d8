"""What the app needs done again and again, besides the triggers: ended windows and expired codes."""

from notifications.limits.clean_up import clean_up
from notifications.sending.pipeline.kept_codes import forget_expired
from tasks_core.duties.duty import Duty

LIMITS_SECONDS = 60.0
CODES_SECONDS = 5.0
PAUSE_BETWEEN_BATCHES = 0.1


def make_duties() -> list[Duty]:
    """Give the duties for beat, not yet started."""
    return [Duty("limit-clean-up", _cleaning_up), Duty("code-expiry", _forgetting)]


def _cleaning_up() -> float:
    return PAUSE_BETWEEN_BATCHES if clean_up() else LIMITS_SECONDS


def _forgetting() -> float:
    return PAUSE_BETWEEN_BATCHES if forget_expired() else CODES_SECONDS
