"""Filters of the list of events. The time leaves out the days that need not be looked through."""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_core import clock
from tasks_core.admin.toolkit.task_filters import Choices
from tasks_core.engine.states import EventKind

PERIODS: dict[str, tuple[str, timedelta]] = {
    "minutes": ("In the last 10 minutes", timedelta(minutes=10)),
    "hour": ("In the last hour", timedelta(hours=1)),
    "day": ("In the last day", timedelta(days=1)),
    "week": ("In the last week", timedelta(days=7)),
}


class KindFilter(SimpleListFilter):
    """By what happened."""

    title = "event"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return all kinds."""
        return [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in EventKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the events of the kind."""
        value = self.value()
        return queryset.filter(kind=value) if value else queryset


class PeriodFilter(SimpleListFilter):
    """By when it happened."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the periods."""
        return [(name, title) for name, (title, _) in PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the events of the period."""
        known = PERIODS.get(self.value() or "")
        return queryset.filter(at__gte=clock.now() - known[1]) if known else queryset
