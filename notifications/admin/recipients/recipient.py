"""Recipients: where they are reached, what they want, what they got."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.recipients.form import CHANNELS, RecipientForm
from notifications.admin.recipients.preference_action import SET_PREFERENCE
from notifications.admin.toolkit.badges import word
from notifications.admin.toolkit.long_list import LongList
from notifications.admin.toolkit.problem_told import ProblemTold
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.keys.address_hash import address_hash
from notifications.models import Recipient
from notifications.people.recipients.saving import save_recipient
from tasks_core import clock
from tasks_core.admin.toolkit import badge, link, moment, table

SHOWN = 10
FACTS = ("reached_at", "wishes", "last_notifications")


@admin.register(Recipient)
class RecipientAdmin(ProblemTold, ViewLogged[Recipient], LongList[Recipient]):
    """Edited as by ``save_recipient``; the key is what callers know and does not change."""

    explanation = (
        "Who gets messages: addresses for each channel, language, time zone and preferences."
    )
    form = RecipientForm
    row_actions = (SET_PREFERENCE,)
    list_display = ("key", "locale", "timezone", "quiet_hours", "changed")
    search_fields = ("key",)
    search_help_text = "Key or address, in full"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Recipient], search_term: str
    ) -> tuple[QuerySet[Recipient], bool]:
        """Find by what is exact."""
        term = search_term.strip()
        if not term:
            return queryset, False
        hashes = [address_hash(channel, term) for channel in CHANNELS]
        return queryset.filter(
            Q(key=term) | Q(addresses__address_hash__in=hashes)
        ).distinct(), False

    @admin.display(description="changed")
    def changed(self, row: Recipient) -> SafeString | str:
        """When it was changed last."""
        return moment(row.updated_at, clock.now())

    @admin.display(description="addresses")
    def reached_at(self, row: Recipient) -> SafeString:
        """All addresses, and which were verified."""
        now = clock.now()
        rows = [
            (one.channel, one.address, moment(one.verified_at, now) if one.verified_at else "no")
            for one in row.addresses.all()
        ]
        return table(("Channel", "Address", "Verified"), rows, empty="None.")

    @admin.display(description="preferences")
    def wishes(self, row: Recipient) -> SafeString:
        """What was said, by whom."""
        now = clock.now()
        rows = [
            (
                one.category or "any",
                one.channel or "any",
                badge("On", "good") if one.enabled else badge("Off", "bad"),
                one.source,
                moment(one.updated_at, now),
            )
            for one in row.preferences.all()[:100]
        ]
        headers = ("Category", "Channel", "Wish", "Source", "Since")
        return table(headers, rows, empty="Nothing was said: everything is sent.")

    @admin.display(description="last notifications")
    def last_notifications(self, row: Recipient) -> SafeString:
        """The last ten."""
        now = clock.now()
        found = row.notifications.select_related("template_version__template").defer(
            "secret_context"
        )
        rows = [
            (
                link(
                    reverse("admin:notifications_notification_change", args=[one.pk]), f"#{one.pk}"
                ),
                one.template_version.template.name,
                word(one.state),
                one.reason,
                moment(one.created_at, now),
            )
            for one in found.order_by("-pk")[:SHOWN]
        ]
        return table(
            ("Notification", "Template", "State", "Reason", "Accepted"), rows, empty="None yet."
        )

    def get_fieldsets(self, request: HttpRequest, obj: Recipient | None = None) -> Any:
        """Show what happened to a recipient that exists."""
        mine: list[Any] = [
            (None, {"fields": ("key", "email", "sms")}),
            ("Place and time", {"fields": ("locale", "timezone", "quiet_hours")}),
            ("Attributes", {"fields": ("attributes",)}),
        ]
        if obj is not None and not self.has_change_permission(request, obj):
            mine[0] = (None, {"fields": ("key",)})
        return [*mine, ("What is known", {"fields": FACTS})] if obj else mine

    def get_readonly_fields(self, request: HttpRequest, obj: Recipient | None = None) -> Any:
        """The key is what callers know it by."""
        return ("key", *FACTS) if obj else ()

    def save_model(self, request: HttpRequest, obj: Recipient, form: Any, change: bool) -> None:
        """Save as the API does."""
        data = form.cleaned_data
        saved = save_recipient(
            obj.key,
            email=data["email"],
            sms=data["sms"],
            locale=data["locale"],
            timezone=data["timezone"],
            quiet_hours=data["quiet_hours"],
            attributes=data["attributes"] or {},
        )
        obj.pk = saved.pk
        obj._state.adding = False
