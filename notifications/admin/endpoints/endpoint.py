"""Endpoints: receivers of webhooks. Their secrets are shown once, when they are made."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget

from notifications.admin.endpoints.actions import DISABLE, ENABLE, ROTATE
from notifications.admin.endpoints.lane import FACTS, LaneFacts
from notifications.admin.toolkit.having_defaults import keep_what_was_left_empty, leave_optional
from notifications.admin.toolkit.problem_told import ProblemTold
from notifications.exceptions import InvalidEndpoint
from notifications.models import Endpoint
from notifications.sending.endpoints.registration import (
    LIMITS,
    MOVED,
    check_endpoint_url,
    check_owner_email,
    edit_endpoint,
    live_secrets,
    register_endpoint,
)
from notifications.sending.outgoing.origins import leads_elsewhere
from notifications.sending.standard_webhooks.secrets import count_live
from notifications.sending.standard_webhooks.signing import key_of
from tasks_core import clock
from tasks_core.admin.toolkit import ActionsAdmin, badge, moment_in_full

_HAVE_DEFAULTS = ("max_concurrency", "breaker_threshold", "breaker_pause")


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Name, address and secret; the secret is written and never read."""

    secret = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "off"}),
        help_text="whsec_… if the receiver has one already. Empty: a new endpoint gets one, shown once; "
        "another keeps its own, unless the URL leads elsewhere.",
    )

    class Meta:
        model = Endpoint
        fields = ("name", "url", *LIMITS)
        labels: ClassVar = {"url": "URL", "owner_email": "Owner's e-mail"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        leave_optional(self, _HAVE_DEFAULTS)

    def clean(self) -> dict[str, Any] | None:
        """Keep the limits that were left empty."""
        cleaned = keep_what_was_left_empty(
            self, super().clean() or self.cleaned_data, _HAVE_DEFAULTS
        )
        if self.instance.pk and not self.errors and self._follows_secret(cleaned):
            self.add_error("secret", MOVED)
        return cleaned

    def _follows_secret(self, cleaned: dict[str, Any]) -> bool:
        return not cleaned["secret"] and leads_elsewhere(cleaned["url"], self.instance.url)

    def clean_url(self) -> str:
        """Refuse what would be refused at every delivery."""
        url: str = self.cleaned_data["url"]
        try:
            check_endpoint_url(url)
        except InvalidEndpoint as error:
            raise forms.ValidationError(error.problem) from None
        return url

    def clean_owner_email(self) -> str:
        """Refuse what no mail could be sent to when the endpoint is disabled."""
        address: str = self.cleaned_data["owner_email"]
        try:
            check_owner_email(address)
        except InvalidEndpoint as error:
            raise forms.ValidationError(error.problem) from None
        return address

    def clean_secret(self) -> str:
        """Refuse a secret of the wrong form, without quoting it."""
        secret: str = self.cleaned_data["secret"]
        if secret:
            try:
                key_of(secret)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return secret


@admin.register(Endpoint)
class EndpointAdmin(ProblemTold, LaneFacts, ActionsAdmin[Endpoint]):
    """Name, address and the limits of its lane are edited; everything else is an action."""

    explanation = (
        "Where webhooks go. Each has a lane of its own, so that a slow one holds up no other."
    )
    form = EndpointForm
    values_off_record = frozenset({"owner_email"})
    row_actions = (DISABLE, ENABLE, ROTATE)
    list_display = ("name", "url", "life", "lane_state", "last_failure", "disabled_reason")
    list_select_related = ("lane",)
    list_filter = ("enabled",)
    search_fields = ("name", "url")

    @admin.display(description="state")
    def life(self, row: Endpoint) -> SafeString:
        """On or off."""
        return badge("Enabled", "good") if row.enabled else badge("Disabled", "bad")

    @admin.display(description="signing secrets")
    def secrets_in_use(self, row: Endpoint) -> str:
        """How many there are; never what they are."""
        try:
            return f"{count_live(row.secrets, clock.now())} in use"
        except (TypeError, LookupError, ValueError):
            return "They cannot be read"

    @admin.display(description="disabled")
    def off_since(self, row: Endpoint) -> SafeString | str:
        """Since when and why."""
        return moment_in_full(row.disabled_at, clock.now())

    def get_fieldsets(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        """Show the state of an endpoint that exists."""
        if obj is None:
            return [(None, {"fields": ("name", "url", "secret")}), ("Lane", {"fields": LIMITS})]
        state = ("life", "off_since", "disabled_reason") if not obj.enabled else ("life",)
        return [
            (None, {"fields": ("name", "url", "secret")}),
            ("Lane", {"fields": LIMITS}),
            ("State", {"fields": (*state, *FACTS, "secrets_in_use")}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        """Everything but name, address and limits."""
        return ("life", "off_since", "disabled_reason", *FACTS, "secrets_in_use") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        """Nobody: deliveries point to it. It can be disabled."""
        return False

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Register a new endpoint; of an old one write only what was edited."""
        if change:
            edited = {name: getattr(obj, name) for name in ("name", "url", *LIMITS)}
            edit_endpoint(obj.pk, secret=form.cleaned_data["secret"], **edited)
            return
        limits = {name: getattr(obj, name) for name in LIMITS}
        secret = form.cleaned_data["secret"] or None
        made = register_endpoint(obj.name, obj.url, secret=secret, **limits)
        obj.pk, obj.secrets, obj.created_at = made.pk, made.secrets, made.created_at
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: Endpoint, *args: Any) -> HttpResponse:
        """Show a secret that was made, this once."""
        if request.POST.get("secret"):
            return super().response_add(request, obj, *args)
        back = reverse("admin:notifications_endpoint_change", args=[obj.pk])
        return self.reveal(request, live_secrets(obj.secrets, clock.now())[0], back)
