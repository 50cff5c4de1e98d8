"""One batch of each kind that is removed by age, one after the other."""

from notifications.privacy.retention.audiences import clean_up_broadcasts
from notifications.privacy.retention.clean_up import clean_up
from notifications.privacy.retention.digests import clean_up_digests
from notifications.privacy.retention.erasures import clean_up_erasures
from notifications.privacy.retention.inboxes import clean_up_inboxes
from notifications.privacy.retention.suppressions import clean_up_suppressions
from tasks_core.database.row_backoff import RowBackoff

STEPS = (
    clean_up,
    clean_up_broadcasts,
    clean_up_digests,
    clean_up_erasures,
    clean_up_inboxes,
    clean_up_suppressions,
)
_failing = RowBackoff("the step {} of retention fails", "See the error.")


def clean_up_all() -> int:
    """Remove a batch of each kind; return how many rows that were. A kind that fails holds no other up."""
    removed = 0
    for step in STEPS:
        with _failing.stepping_past(step.__name__):
            removed += step()
    return removed
