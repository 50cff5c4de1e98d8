"""Who may report what became of messages. Their secrets are shown once, when they are made."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from notifications import conf
from notifications.admin.providers.event_source_actions import DISABLE, ENABLE, ROTATE
from notifications.channel_api.registry import CHANNELS
from notifications.models import EventSource
from notifications.provider_events.sources import register_event_source
from notifications.rules.addresses import EMAIL, SMS
from notifications.sending.standard_webhooks.secrets import checked_secret, count_live, live_secrets
from tasks_core import clock
from tasks_core.admin.toolkit import ActionsAdmin, badge


class EventSourceForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Name and channel; the secret only when it is new."""

    channel = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted({*CHANNELS, SMS})],
        initial=EMAIL,
        widget=UnfoldAdminSelectWidget(),
        help_text="The channel that its events are about.",
    )
    secret = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "off"}),
        help_text="whsec_… if the source has one already. Empty: one is made, and shown once.",
    )

    class Meta:
        model = EventSource
        fields = ("name", "channel")

    def clean_secret(self) -> str:
        """Refuse a secret of the wrong form, without quoting it."""
        secret: str = self.cleaned_data["secret"]
        if secret:
            try:
                checked_secret(secret)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return secret


@admin.register(EventSource)
class EventSourceAdmin(ActionsAdmin[EventSource]):
    """Nothing is edited; everything is an action."""

    explanation = "Who may report what became of messages, by signed requests."
    form = EventSourceForm
    row_actions = (DISABLE, ENABLE, ROTATE)
    list_display = ("name", "channel", "life", "address")
    list_filter = ("enabled",)
    search_fields = ("name",)

    @admin.display(description="state")
    def life(self, row: EventSource) -> SafeString:
        """On or off."""
        return badge("Enabled", "good") if row.enabled else badge("Disabled", "bad")

    @admin.display(description="posts to")
    def address(self, row: EventSource) -> str:
        """Where its events go."""
        path = reverse("notifications:events", args=[row.name])
        return f"{conf.current().public_url.rstrip('/')}{path}"

    @admin.display(description="signing secrets")
    def secrets_in_use(self, row: EventSource) -> str:
        """How many there are; never what they are."""
        return f"{count_live(row.secrets, clock.now())} in use"

    def get_fieldsets(self, request: HttpRequest, obj: EventSource | None = None) -> Any:
        """Ask for the secret only when the source is new."""
        if obj is None:
            return [(None, {"fields": ("name", "channel", "secret")})]
        return [(None, {"fields": ("name", "channel", "address", "life", "secrets_in_use")})]

    def get_readonly_fields(self, request: HttpRequest, obj: EventSource | None = None) -> Any:
        """Everything."""
        return ("name", "channel", "address", "life", "secrets_in_use") if obj else ()

    def save_model(self, request: HttpRequest, obj: EventSource, form: Any, change: bool) -> None:
        """Register a new source."""
        if change:
            return
        secret = form.cleaned_data["secret"] or None
        made = register_event_source(obj.name, channel=obj.channel, secret=secret)
        obj.pk, obj.secrets, obj.created_at = made.pk, made.secrets, made.created_at
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: EventSource, *args: Any) -> HttpResponse:
        """Show a secret that was made, this once."""
        if request.POST.get("secret"):
            return super().response_add(request, obj, *args)
        back = reverse("admin:notifications_eventsource_change", args=[obj.pk])
        return self.reveal(request, live_secrets(obj.secrets, clock.now())[0], back)
