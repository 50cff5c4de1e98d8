"""How far subscribers are behind what has happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest

from tasks_core.events.cursor import NEWEST_ID
from tasks_core.models import EventSubscription, TaskEvent


@dataclass(frozen=True, slots=True)
class Lag:
    """What a subscriber has not read.

    Attributes:
        events: at most so many, those that it does not want included.
        since: when the oldest of them happened; None if there is none.
    """

    events: int
    since: datetime | None


def with_lag(subscriptions: QuerySet[EventSubscription]) -> QuerySet[EventSubscription]:
    """Add what ``lag_of`` needs, by a look into an index for each of them."""
    unread = TaskEvent.objects.filter(id__gt=OuterRef("position")).order_by("id")
    newest = RawSQL(NEWEST_ID, (), output_field=BigIntegerField())  # noqa: S611 no parameters
    return subscriptions.annotate(
        position=Case(
            When(target_snapshot__isnull=False, then=Greatest("floor", "after")),
            default=F("floor"),
        ),
        unread=ExpressionWrapper(newest - F("position"), output_field=BigIntegerField()),
        unread_since=Subquery(unread.values("at")[:1]),
    )


def lag_of(subscription: Any) -> Lag:
    """Return the lag of one that ``with_lag`` has found."""
    if subscription.unread_since is None:  # ids were drawn, and nothing was committed with them
        return Lag(0, None)
    return Lag(max(0, subscription.unread), subscription.unread_since)
