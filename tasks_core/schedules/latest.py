"""What became of the latest tick of a schedule."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from tasks_core.engine.schedule import TickOutcome
from tasks_core.models import Occurrence, Schedule


def with_latest(schedules: QuerySet[Schedule], now: datetime) -> QuerySet[Schedule]:
    """Add ``latest_outcome`` and ``latest_due`` of the latest tick that was decided, or None."""
    decided = (
        Occurrence.objects.filter(schedule=OuterRef("pk"), due__lte=now)
        .exclude(outcome=TickOutcome.UPCOMING)
        .order_by("-due")
    )
    return schedules.annotate(
        latest_outcome=Subquery(decided.values("outcome")[:1]),
        latest_due=Subquery(decided.values("due")[:1]),
    )
