"""What retention needs done again and again: one batch of each kind, one after the other."""

from notifications.privacy.retention.audiences import clean_up_broadcasts
from notifications.privacy.retention.clean_up import clean_up
from notifications.privacy.retention.digests import clean_up_digests
from notifications.privacy.retention.erasures import clean_up_erasures
from notifications.privacy.retention.inboxes import clean_up_inboxes
from notifications.privacy.retention.suppressions import clean_up_suppressions
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.duties.duty import Duty

STEPS = (
    clean_up,
    clean_up_broadcasts,
    clean_up_digests,
    clean_up_erasures,
    clean_up_inboxes,
    clean_up_suppressions,
)
CLEAN_UP_SECONDS = 60.0
_failing = RowBackoff("the step {} of retention fails", "See the error.")
PAUSE_BETWEEN_BATCHES = 0.1


def make_duties() -> list[Duty]:
    """Give the duty for beat, not yet started."""
    return [Duty("notification-retention", _cleaning_up)]


def _cleaning_up() -> float:
    removed = 0
    for step in STEPS:
        with _failing.stepping_past(step.__name__):
            removed += step()
    return PAUSE_BETWEEN_BATCHES if removed else CLEAN_UP_SECONDS
