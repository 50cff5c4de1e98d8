"""End tasks whose time is over before an attempt began."""

from collections.abc import Sequence

from tasks_core import clock
from tasks_core.database.brief_transaction import RECEIVERS_SECONDS, brief_transaction
from tasks_core.database.lower_bound import LowerBound
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.models import Task
from tasks_core.outcomes.unsuccessful import announce_unsuccessful
from tasks_core.sql.end import expire, first_expiry

LIMIT = 1_000
ROUNDS = 10
"""So many batches in which none can be expired are stepped past at once."""

_times = LowerBound(first_expiry)
_failing = RowBackoff(
    "task {} cannot be expired",
    "Mend what raises (a receiver of tasks_unsuccessful, a trigger), or cancel the task.",
)


def expire_tasks() -> int:
    """Expire one batch of overdue tasks; return how many. Call again while it is full.

    A task that cannot be expired is stepped past for a while, and so is any number of them.
    """
    first, expired = _times.first(clock.now()), 0
    if first is None or first > clock.now():
        return 0
    for _ in range(ROUNDS):
        with brief_transaction(seconds=RECEIVERS_SECONDS):
            overdue = Task.objects.expired(clock.now()).filter(expires_at__gte=_times.since)
            overdue = overdue.exclude(pk__in=_failing.ids())
            held = overdue.order_by("expires_at").select_for_update(skip_locked=True)
            ids = list(held.values_list("pk", flat=True)[:LIMIT])
            expired = _failing.serve(ids, _expire, key=lambda task_id: task_id)
        if expired or len(ids) < LIMIT:
            break
    return expired


def _expire(ids: Sequence[int]) -> int:
    expired = expire(ids, now=clock.now())
    announce_unsuccessful(expired)
    return len(expired)
