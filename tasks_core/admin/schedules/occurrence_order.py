"""The order of the ledger: by due time, the latest first, or of those to come the next first."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from tasks_core.admin.schedules.occurrence_filters import OUTCOME, UPCOMING, TimeFilter
from tasks_core.admin.toolkit.keyset import KeysetChangeList, Order
from tasks_core.engine.bigint import bigint
from tasks_core.engine.schedule import TickOutcome
from tasks_core.models import Occurrence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
Place = tuple[datetime, int]


def _key(row: Occurrence) -> str:
    return f"{(row.due - EPOCH) // MICROSECOND}.{row.pk}"


def _read(text: str) -> Place | None:
    parts = text.split(".")
    if len(parts) != 2:
        return None
    microseconds, pk = bigint(parts[0]), bigint(parts[1])
    if microseconds is None or pk is None:
        return None
    try:
        return EPOCH + microseconds * MICROSECOND, pk
    except OverflowError:
        return None


# The first condition alone is what the index on (due, id) can be searched by.
def _earlier(place: Place) -> Q:
    due, pk = place
    return Q(due__lte=due) & (Q(due__lt=due) | Q(pk__lt=pk))


def _later(place: Place) -> Q:
    due, pk = place
    return Q(due__gte=due) & (Q(due__gt=due) | Q(pk__gt=pk))


LATEST_FIRST = Order(
    downwards=("-due", "-pk"),
    upwards=("due", "pk"),
    key=_key,
    read=_read,
    below=_earlier,
    above=_later,
)
NEXT_FIRST = Order(
    downwards=("due", "pk"),
    upwards=("-due", "-pk"),
    key=_key,
    read=_read,
    below=_later,
    above=_earlier,
)


class LedgerChangeList(KeysetChangeList):
    """Pages of the ledger."""

    @property
    def order(self) -> Order:
        """Return the order that fits what is looked at."""
        return NEXT_FIRST if self._looks_ahead else LATEST_FIRST

    @property
    def _looks_ahead(self) -> bool:
        when = self.params.get(TimeFilter.parameter_name)
        return when == UPCOMING or (not when and self.params.get(OUTCOME) == TickOutcome.UPCOMING)

    def get_results(self, request: Any) -> None:
        """Name the ways to go."""
        super().get_results(request)
        if self._looks_ahead:
            self.newer_label, self.older_label = "← Sooner", "Later →"
        else:
            self.newer_label, self.older_label = "← Later", "Earlier →"
