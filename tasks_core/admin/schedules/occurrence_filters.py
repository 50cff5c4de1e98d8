"""Filters of the ledger."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_core import clock
from tasks_core.engine.bigint import bigint
from tasks_core.engine.schedule import TickOutcome
from tasks_core.models import Backfill, Occurrence, Schedule

Choices = list[tuple[str, str]]
UPCOMING = "upcoming"
OUTCOME = "outcome__exact"
PAST = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class TimeFilter(SimpleListFilter):
    """Up to now, unless something else is asked for."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the periods."""
        self._wants_open = request.GET.get(OUTCOME) in set(_OPEN)
        past = [(name, f"In the last {name}") for name in PAST]
        return [*past, (UPCOMING, "To come"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the default by its name."""
        for position, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Up to now"} if position == 0 else choice

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Occurrence]
    ) -> QuerySet[Occurrence]:
        """Keep the ticks of the period."""
        now, value = clock.now(), self.value()
        if value == UPCOMING:
            return queryset.filter(due__gt=now)
        if value in PAST:
            return queryset.filter(due__lte=now, due__gt=now - PAST[value])
        if value == "all" or self._wants_open:
            return queryset
        return queryset.filter(due__lte=now)


_OPEN = (TickOutcome.UPCOMING, TickOutcome.BUFFERED)


class ChosenFilter(SimpleListFilter):
    """Those of one row, chosen by a link on its page; there may be too many to list them."""

    model: Any

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the chosen one, if there is one."""
        chosen = request.GET.get(self.parameter_name or "", "")
        if (pk := bigint(chosen)) is None:
            return []
        row = self.model.objects.filter(pk=pk).first()
        return [(chosen, self.name(row))] if row is not None else []

    def name(self, row: Any) -> str:
        """Return what the filter says."""
        return str(row)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the chosen one."""
        value = self.value()
        return queryset.filter(**{f"{self.parameter_name}_id": int(value)}) if value else queryset

    def value(self) -> str | None:
        """Return the chosen key; nonsense chooses nothing."""
        found = super().value()
        return found if found and any(found == key for key, _ in self.lookup_choices) else None


class ScheduleFilter(ChosenFilter):
    """Those of one schedule."""

    title = "schedule"
    parameter_name = "schedule"
    model = Schedule


class BackfillFilter(ChosenFilter):
    """Those of one backfill."""

    title = "backfill"
    parameter_name = "backfill"
    model = Backfill

    def name(self, row: Backfill) -> str:
        """Return its number."""
        return f"#{row.pk}"
