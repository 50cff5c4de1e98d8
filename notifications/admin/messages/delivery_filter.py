"""Deliveries by state, found by the indexes of those that few are in."""

from django.contrib.admin import ChoicesFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from notifications.models import Delivery
from notifications.states import DELIVERY_UNFINISHED, DELIVERY_UNSUCCESSFUL


class StateFilter(ChoicesFieldListFilter):
    """The choices of the field; the conditions of the indexes stand beside the one that was chosen."""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Delivery]
    ) -> QuerySet[Delivery] | None:
        """Keep those in the chosen state."""
        found = super().queryset(request, queryset)
        chosen = set(self.lookup_val or ())
        if found is None or not chosen:
            return found
        if chosen.issubset(DELIVERY_UNFINISHED):
            return found.filter(finished_at=None)
        if chosen.issubset(DELIVERY_UNSUCCESSFUL):
            return found.filter(unsuccessful_state__in=chosen)
        return found
