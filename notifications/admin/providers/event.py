"""What providers reported."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.keys.address_hash import address_hash
from notifications.models import ProviderEvent
from notifications.rules.addresses import EMAIL, SMS
from tasks_core import clock
from tasks_core.admin.toolkit import Fact, RecordAdmin, link, moment, moment_in_full, two_lines

UNKNOWN = "none of ours, or not known yet"


@admin.register(ProviderEvent)
class ProviderEventAdmin(ViewLogged[ProviderEvent], RecordAdmin[ProviderEvent]):
    """Read-only."""

    explanation = "What providers reported of messages: delivered, bounced, opened and the like."
    list_display = ("what", "kind_word", "source", "reason", "received")
    list_display_links = ("what",)
    list_filter = ("kind", "source")
    search_fields = ("event_id",)
    search_help_text = "Address, message id or event id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ProviderEvent], search_term: str
    ) -> tuple[QuerySet[ProviderEvent], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        hashes = [address_hash(channel, term) for channel in (EMAIL, SMS)]
        found = Q(event_id=term) | Q(message_id=term) | Q(address_hash__in=hashes)
        return queryset.filter(found), False

    @admin.display(description="event")
    def what(self, row: ProviderEvent) -> SafeString:
        """Id of its message."""
        about = f"delivery #{row.delivery_id}" if row.delivery_id else UNKNOWN
        return two_lines(row.event_id, about)

    @admin.display(description="kind")
    def kind_word(self, row: ProviderEvent) -> SafeString:
        """What happened."""
        return word(row.kind)

    @admin.display(description="received")
    def received(self, row: ProviderEvent) -> SafeString | str:
        """When it came."""
        return moment(row.received_at, clock.now())

    def facts(self, request: HttpRequest, row: ProviderEvent) -> list[Fact]:
        """Return everything."""
        now = clock.now()
        url = reverse("admin:notifications_delivery_change", args=[row.delivery_id or 0])
        return [
            Fact("Kind", word(row.kind)),
            Fact("Bounce", row.bounce),
            Fact("Reason", row.reason),
            Fact("Source", row.source),
            Fact("Event id", row.event_id),
            Fact("Message id", row.message_id),
            Fact("Delivery", link(url, f"#{row.delivery_id}") if row.delivery_id else UNKNOWN),
            Fact("Channel", row.channel),
            Fact("Happened", moment_in_full(row.occurred_at, now)),
            Fact("Received", moment_in_full(row.received_at, now)),
        ]
