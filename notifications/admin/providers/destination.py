"""Destinations: rooms, browsers and services, each known by a name."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from notifications.admin.providers.destination_form import SUPERUSERS_ONLY, DestinationForm
from notifications.admin.toolkit.problem_told import ProblemTold
from notifications.admin.toolkit.switching_actions import disabling, enabling
from notifications.models import Destination
from notifications.sending.destinations.registration import register_destination
from notifications.sending.destinations.switching import disable_destination, enable_destination
from tasks_core import clock
from tasks_core.admin.toolkit import Action, ActionsAdmin, badge, moment_in_full

DISABLE: Action[Destination] = disabling(
    lambda row, reason: disable_destination(row.channel, row.name, reason=reason),
    "Nothing is sent to it until it is enabled.",
)

ENABLE: Action[Destination] = enabling(
    lambda row: enable_destination(row.channel, row.name), "Messages go to it again."
)


@admin.register(Destination)
class DestinationAdmin(ProblemTold, ActionsAdmin[Destination]):
    """Name and channel are given once; the address is written and never shown."""

    explanation = "Rooms, browsers and services whose addresses are secrets; messages name them."
    form = DestinationForm
    row_actions = (DISABLE, ENABLE)
    list_display = ("name", "channel", "leads_to", "life", "disabled_reason")
    list_filter = ("channel", "enabled")
    search_fields = ("name",)

    @admin.display(description="leads to")
    def leads_to(self, row: Destination) -> str:
        """The part of its address that is no secret."""
        return row.hint

    @admin.display(description="state")
    def life(self, row: Destination) -> SafeString:
        """On or off."""
        return badge("Enabled", "good") if row.enabled else badge("Disabled", "bad")

    @admin.display(description="disabled")
    def off_since(self, row: Destination) -> SafeString | str:
        """Since when."""
        return moment_in_full(row.disabled_at, clock.now())

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Tell the form who is asking."""
        form = super().get_form(request, *args, **options)
        return type(form.__name__, (form,), {"is_superuser": request.user.is_superuser})

    def get_fieldsets(self, request: HttpRequest, obj: Destination | None = None) -> Any:
        """Ask for channel and name only when it is new."""
        if obj is None:
            return [(None, {"fields": ("channel", "name", "address")})]
        off = () if obj.enabled else ("off_since", "disabled_reason")
        facts = ("name", "channel", "leads_to", "life", *off)
        edited = [("New address", {"fields": ("address",)})]
        return [(None, {"fields": facts}), *(edited if self._may_edit(request, obj) else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Destination | None = None) -> Any:
        """All but the address."""
        return (
            ("name", "channel", "leads_to", "life", "off_since", "disabled_reason") if obj else ()
        )

    def has_change_permission(self, request: HttpRequest, obj: Destination | None = None) -> bool:
        """Whoever has it, and for Apprise only superusers."""
        return super().has_change_permission(request, obj) and (
            obj is None or obj.channel != SUPERUSERS_ONLY or request.user.is_superuser
        )

    def has_delete_permission(self, request: HttpRequest, obj: Destination | None = None) -> bool:
        """Nobody: deliveries name it. It can be disabled."""
        return False

    def save_model(self, request: HttpRequest, obj: Destination, form: Any, change: bool) -> None:
        """Register it, or give it the new address."""
        secret = form.cleaned_data["secret"]
        obj.pk = register_destination(obj.name, channel=obj.channel, **secret).pk
        obj._state.adding = False

    def _may_edit(self, request: HttpRequest, obj: Destination) -> bool:
        return self.has_change_permission(request, obj)
