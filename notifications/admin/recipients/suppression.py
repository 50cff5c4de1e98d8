"""The suppression list."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from notifications.admin.recipients.suppression_action import LIFT
from notifications.admin.toolkit.long_list import LongList
from notifications.admin.toolkit.viewed import ViewLogged
from notifications.exceptions import InvalidSuppression
from notifications.keys.address_hash import address_hash
from notifications.models import Suppression
from notifications.people.suppression.listing import NewEntry, checked, put
from notifications.rules.addresses import EMAIL, SMS
from notifications.rules.suppressions import Reason
from tasks_core import clock
from tasks_core.admin.toolkit import InstantField, badge, moment, moment_in_full, two_lines

FACTS = ("who", "channel", "category", "reason", "source", "since", "ends_in_full")


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """A new entry."""

    channel = forms.ChoiceField(
        choices=[(EMAIL, "email"), (SMS, "sms")], widget=UnfoldAdminSelectWidget()
    )
    address = forms.CharField(
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="Mail address or phone number, in any spelling. Only its keyed hash is stored, unless "
        "the installation keeps addresses.",
    )
    expires_at = InstantField(required=False, help_text="UTC. Empty: it holds for ever.")

    class Meta:
        model = Suppression
        fields = ("channel", "address", "category", "reason", "expires_at")

    def entry(self, source: str) -> NewEntry:
        """Return what was typed."""
        data = self.cleaned_data
        return NewEntry(
            channel=data["channel"],
            address=data["address"],
            category=data["category"],
            reason=Reason(data["reason"]),
            source=source,
            expires_at=data["expires_at"],
        )

    def clean(self) -> dict[str, Any]:
        """Show what is wrong at its field."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                checked(self.entry("admin"))
            except InvalidSuppression as error:
                self.add_error(error.field if error.field in self.fields else None, error.problem)
        return cleaned

    def _post_clean(self) -> None:
        """Leave the row alone: an entry that is on the list already is no mistake."""


@admin.register(Suppression)
class SuppressionAdmin(ViewLogged[Suppression], LongList[Suppression]):
    """Entries are made here and taken off by an action; nobody edits them."""

    explanation = (
        "Addresses that get nothing more: they bounced, complained, unsubscribed, or you said so."
    )
    form = SuppressionForm
    row_actions = (LIFT,)
    list_display = ("receiver", "reason_word", "category", "source", "made", "ends")
    list_filter = ("reason", "channel")
    search_fields = ("address_hash",)
    search_help_text = "Address, in any spelling"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """Find by the hash of what was typed."""
        term = search_term.strip()
        if not term:
            return queryset, False
        hashes = [term, *(address_hash(channel, term) for channel in (EMAIL, SMS))]
        return queryset.filter(address_hash__in=hashes), False

    @admin.display(description="address")
    def receiver(self, row: Suppression) -> SafeString:
        """The address if it is kept, or its hash."""
        return two_lines(row.address or f"{row.address_hash[:12]}…", row.channel)

    @admin.display(description="reason")
    def reason_word(self, row: Suppression) -> SafeString:
        """Why."""
        return badge(row.get_reason_display().capitalize(), "warning")

    @admin.display(description="since")
    def made(self, row: Suppression) -> SafeString | str:
        """Since when."""
        return moment(row.created_at, clock.now())

    @admin.display(description="until")
    def ends(self, row: Suppression) -> SafeString | str:
        """Until when."""
        return moment(row.expires_at, clock.now()) if row.expires_at else "for ever"

    @admin.display(description="address")
    def who(self, row: Suppression) -> str:
        """The address if it is kept, or the whole of its hash, which can be searched for."""
        return row.address or f"not kept; its keyed hash is {row.address_hash}"

    @admin.display(description="since")
    def since(self, row: Suppression) -> SafeString | str:
        """Since when, in full."""
        return moment_in_full(row.created_at, clock.now())

    @admin.display(description="until")
    def ends_in_full(self, row: Suppression) -> SafeString | str:
        """Until when, in full."""
        return moment_in_full(row.expires_at, clock.now()) if row.expires_at else "for ever"

    def row_line(self, row: Suppression) -> str:
        """Return which address it stops, and why."""
        address = row.address or f"{row.address_hash[:12]}…"
        return f"{address} ({row.channel}): {row.get_reason_display()}"

    def get_fieldsets(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        """Ask for a new one, show an old one."""
        asked = ("channel", "address", "category", "reason", "expires_at")
        return [(None, {"fields": FACTS if obj else asked})]

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        """Everything, once it is there."""
        return FACTS if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        """By the action, which asks first."""
        return False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        """Put it on the list; one that holds longer stays as it is."""
        entry = checked(form.entry(request.user.get_username()[:50]))
        put([entry])
        stored = Suppression.objects.get(
            address_hash=address_hash(entry.channel, entry.address),
            channel=entry.channel,
            category=entry.category,
            reason=entry.reason.value,
        )
        obj.pk = stored.pk
        obj._state.adding = False
