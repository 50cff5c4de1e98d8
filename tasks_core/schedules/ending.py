"""What is left of schedules that have no ticks any more: it is cancelled, and the ledger says why."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from tasks_core.engine.schedule import TickOutcome
from tasks_core.models import Backfill, Occurrence

SWITCHED_OFF = "the schedule was switched off"
DELETED = "the schedule was deleted"


def cancel_rest(schedule_ids: Collection[int], *, reason: str, now: datetime) -> None:
    """Cancel ticks that were due or waited for another's end, and backfills that are at work.

    The caller has locked the schedules, so that nobody settles their ticks meanwhile. Tasks that were
    made run on.
    """
    is_due = Q(outcome=TickOutcome.UPCOMING, fire_at__lte=now)
    rest = Occurrence.objects.filter(is_due | Q(outcome=TickOutcome.BUFFERED))
    rest.filter(schedule_id__in=schedule_ids).update(
        outcome=TickOutcome.CANCELLED, reason=reason, decided_at=now
    )
    Backfill.objects.at_work().filter(schedule_id__in=schedule_ids).update(cancelled_at=now)
