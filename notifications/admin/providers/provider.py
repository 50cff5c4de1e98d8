"""Providers: gateways, bots and push keys."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from notifications.admin.providers.form import ProviderForm, has_address
from notifications.admin.providers.health import FACTS, HealthFacts
from notifications.admin.toolkit.problem_told import ProblemTold
from notifications.admin.toolkit.switching_actions import disabling, enabling
from notifications.models import Provider
from notifications.sending.providers.registration import (
    LIMITS,
    edit_provider,
    enable_provider,
    register_provider,
    shown_facts,
)
from tasks_core.admin.toolkit import NONE, Action, ActionsAdmin, badge

DISABLE: Action[Provider] = disabling(
    lambda row, _: enable_provider(row.name, on=False),
    "Nothing is sent by it until it is enabled; the next one in order takes its place.",
    asks_reason=False,
)

ENABLE: Action[Provider] = enabling(
    lambda row: enable_provider(row.name), "Messages are sent by it again, in its order."
)


@admin.register(Provider)
class ProviderAdmin(ProblemTold, HealthFacts, ActionsAdmin[Provider]):
    """Everything is edited but what it is; credentials are written and never shown."""

    explanation = (
        "Accounts with gateways, bots and push keys by which messages leave, tried in their order."
    )
    form = ProviderForm
    row_actions = (DISABLE, ENABLE)
    list_display = ("name", "channel", "kind", "position", "life", "condition", "last_failure")
    list_select_related = ("health",)
    list_filter = ("channel", "enabled")
    search_fields = ("name",)

    @admin.display(description="state")
    def life(self, row: Provider) -> SafeString:
        """On or off."""
        return badge("Enabled", "good") if row.enabled else badge("Disabled", "bad")

    @admin.display(description="for others")
    def public(self, row: Provider) -> str:
        """What others must know of it, such as the key that browsers subscribe with."""
        shown = (f"{name.replace('_', ' ')}: {value}" for name, value in shown_facts(row).items())
        return ", ".join(shown) or NONE

    def get_fieldsets(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        """Ask what it is only when it is new."""
        edited: tuple[str, ...] = ("base_url", "options", "new_credentials", "position", *LIMITS)
        if obj is None:
            return [(None, {"fields": ("name", "service", *edited)})]
        if not has_address(obj):
            edited = edited[1:]
        facts = ("name", "channel", "kind", "life", "public", *FACTS)
        may_edit = self.has_change_permission(request, obj)
        return [(None, {"fields": facts}), *([("Edit", {"fields": edited})] if may_edit else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        """What it is does not change."""
        return ("name", "channel", "kind", "life", "public", *FACTS) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Provider | None = None) -> bool:
        """Nobody: attempts name it. It can be disabled."""
        return False

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        """Register it, or what was edited of it."""
        limits = {name: getattr(obj, name) for name in ("position", *LIMITS)}
        if form.keeps_credentials:
            edit_provider(obj.name, **form.edited(), **limits)
            return
        obj.pk = register_provider(**form.asked(), **limits).pk
        obj._state.adding = False
