"""Filters of the list of schedules."""

from typing import Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_core import clock
from tasks_core.models import Schedule
from tasks_core.models.schedule import ScheduleQuerySet
from tasks_core.schedules.standing import Standing, in_standing

DELETED = "deleted"


class StandingFilter(SimpleListFilter):
    """Those that are there, unless the deleted ones are asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Return the states."""
        return [(word, word.capitalize()) for word in (*Standing, DELETED)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> QuerySet[Schedule]:
        """Keep those in the state."""
        value = self.value()
        if value == DELETED:
            return queryset.filter(deleted_at__isnull=False)
        existing = cast(ScheduleQuerySet, queryset).existing()
        if value is None or value not in set(Standing):
            return existing
        return in_standing(existing, Standing(value), clock.now())
