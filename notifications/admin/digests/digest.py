"""Digests: what is being collected for whom, and what became of it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.models import Digest
from notifications.models.address_index import is_address
from tasks_core import clock
from tasks_core.admin.toolkit import Fact, RecordAdmin, link, moment, moment_in_full, two_lines
from tasks_core.engine.bigint import bigint


@admin.register(Digest)
class DigestAdmin(ViewLogged[Digest], RecordAdmin[Digest]):
    """Read-only. Items are counted here; what they say is in the notification."""

    explanation = (
        "Items that are collected for somebody for a while, and then go out as one message."
    )
    list_display = ("what", "state_word", "receiver", "items_count", "window_ends", "reason")
    list_display_links = ("what",)
    list_filter = ("state", "channel")
    search_fields = ("id",)
    search_help_text = "Id or address"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Digest], search_term: str
    ) -> tuple[QuerySet[Digest], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if (pk := bigint(term)) is not None:
            return queryset.filter(pk=pk), False
        return queryset.filter(is_address(term)), False

    @admin.display(description="digest")
    def what(self, row: Digest) -> SafeString:
        """Template and key."""
        return two_lines(row.template, row.key)

    @admin.display(description="state")
    def state_word(self, row: Digest) -> SafeString:
        """How far it has come."""
        return word(row.state)

    @admin.display(description="receiver")
    def receiver(self, row: Digest) -> SafeString:
        """Address and channel."""
        return two_lines(row.address, row.channel)

    @admin.display(description="window ends")
    def window_ends(self, row: Digest) -> SafeString | str:
        """When what was collected is sent."""
        return moment(row.closes_at, clock.now())

    def facts(self, request: HttpRequest, row: Digest) -> list[Fact]:
        """Return everything but its items."""
        now = clock.now()
        return [
            Fact("State", word(row.state)),
            Fact("Reason", row.reason),
            Fact("Template", row.template),
            Fact("Key", row.key),
            Fact("Channel", row.channel),
            Fact("Address", row.address),
            Fact("Locale", row.locale),
            Fact("Category", row.category),
            Fact("Items", f"{row.items_count:,}"),
            Fact("Notification", _notification(row.notification_id)),
            Fact("Window began", moment_in_full(row.opened_at, now)),
            Fact("Window ends", moment_in_full(row.closes_at, now)),
            Fact("Ended", moment_in_full(row.closed_at, now) if row.closed_at else ""),
        ]


def _notification(key: int | None) -> SafeString | str:
    if key is None:
        return ""
    url = reverse("admin:notifications_notification_change", args=[key])
    return link(url, f"Notification {key}")
