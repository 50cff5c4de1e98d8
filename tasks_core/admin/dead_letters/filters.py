"""Filters of the list of dead letters."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_core.models import DeadLetter


class ResolutionFilter(SimpleListFilter):
    """Open ones, unless something else is asked for."""

    title = "resolution"
    parameter_name = "resolution"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Return the ways to deal with one."""
        return [*DeadLetter.Resolution.choices, ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the default by its name."""
        for position, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Open"} if position == 0 else choice

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter]
    ) -> QuerySet[DeadLetter]:
        """Keep those that were dealt with in that way."""
        if self.value() == "all":
            return queryset
        return queryset.filter(resolution=self.value() or "")


class FingerprintFilter(SimpleListFilter):
    """Failures of the same kind; chosen by a click on a fingerprint."""

    title = "failure"
    parameter_name = "fingerprint"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Return the chosen one, if there is one."""
        chosen = request.GET.get(self.parameter_name, "")[:40]
        return [(chosen, f"like {chosen[:12]}")] if chosen else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter]
    ) -> QuerySet[DeadLetter]:
        """Keep those with the fingerprint."""
        return queryset.filter(fingerprint=self.value()) if self.value() else queryset
