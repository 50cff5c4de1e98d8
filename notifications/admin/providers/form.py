"""The form of a provider."""

import json
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ImproperlyConfigured
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from notifications.admin.toolkit.having_defaults import keep_what_was_left_empty, leave_optional
from notifications.admin.toolkit.unseen import UnseenTextarea
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidProvider
from notifications.models import Provider
from notifications.sending.providers.account import Carrier
from notifications.sending.providers.registration import (
    LIMITS,
    carriers_of,
    check_edit,
    check_provider,
)
from tasks_core.admin.toolkit import LinesField
from tasks_core.engine.json_text import read_json

_HAVE_DEFAULTS = ("breaker_threshold", "breaker_pause")
"""Left empty they stay as they are."""


def _services() -> list[tuple[str, str]]:
    return [
        (f"{channel}:{kind}", f"{channel} by {kind}")
        for channel in sorted(CHANNELS)
        for kind in sorted(carriers_of(channel))
    ]


def _carriers(provider: Provider) -> list[Carrier]:
    """Return the kind of a provider, or all kinds for one that is new."""
    if provider.pk:
        known = carriers_of(provider.channel)
        return [known[provider.kind]] if provider.kind in known else []
    return [one for channel in sorted(CHANNELS) for one in carriers_of(channel).values()]


def has_address(provider: Provider) -> bool:
    """Return whether it is reached at an address of its own; web push goes to that of each browser."""
    return not provider.base_url.endswith(".invalid")


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """What ``register_provider`` takes. Credentials are written and never read."""

    service = forms.ChoiceField(choices=_services, widget=UnfoldAdminSelectWidget())
    options = LinesField(
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 4, "class": "br-code", "spellcheck": "false"}),
        help_text='A JSON object, such as {"sender": "+4915112345678"}.',
    )
    new_credentials = forms.CharField(
        required=False,
        label="Credentials",
        widget=UnseenTextarea(),
        help_text='A JSON object, such as {"account_sid": "...", "auth_token": "..."}. Stored '
        "encrypted and never shown. Empty: those that are stored stay, unless the base URL "
        "leads elsewhere; a key for web push is made.",
    )

    class Meta:
        model = Provider
        fields = ("name", "base_url", "position", *LIMITS)
        labels: ClassVar = {"base_url": "Base URL"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        leave_optional(self, _HAVE_DEFAULTS)
        self._explain()
        if self.instance.pk:
            self.fields.pop("service", None)
            self.initial["options"] = json.dumps(self.instance.options, indent=2)

    def _explain(self) -> None:
        """Say at the fields which names each kind knows, or that of a provider that is there."""
        known = _carriers(self.instance)
        for field, names in (
            ("options", {one.kind: one.options for one in known}),
            ("new_credentials", {one.kind: one.credentials for one in known}),
        ):
            listed = "; ".join(
                f"{kind}: {', '.join(those) or 'none'}" for kind, those in names.items()
            )
            if field in self.fields:
                self.fields[field].help_text += f" Names for {listed}."

    def clean_options(self) -> dict[str, Any]:
        """Read the object."""
        return _object(self.cleaned_data["options"])

    def clean_new_credentials(self) -> dict[str, Any]:
        """Read the object, without quoting it."""
        return _object(self.cleaned_data["new_credentials"])

    def clean(self) -> dict[str, Any]:
        """Check what ``register_provider`` will check."""
        cleaned = keep_what_was_left_empty(
            self, super().clean() or self.cleaned_data, _HAVE_DEFAULTS
        )
        if self.errors:
            return cleaned
        try:
            if self.keeps_credentials:
                check_edit(self.instance, **self.edited())
            else:
                check_provider(**self.asked())
        except InvalidProvider as error:
            field = {"credentials": "new_credentials"}.get(error.field, error.field)
            self.add_error(field if field in self.fields else None, error.problem)
        except ImproperlyConfigured as error:  # those that are stored cannot be opened
            self.add_error("new_credentials", str(error))
        return cleaned

    @property
    def keeps_credentials(self) -> bool:
        """Whether those that are stored stay, sealed as they are."""
        return bool(self.instance.pk) and not self.cleaned_data["new_credentials"]

    def edited(self) -> dict[str, Any]:
        """Return what ``check_edit`` takes."""
        cleaned = self.cleaned_data
        return {"options": cleaned["options"], "base_url": cleaned.get("base_url", "")}

    def asked(self) -> dict[str, Any]:
        """Return what ``check_provider`` takes."""
        cleaned = self.cleaned_data
        channel, _, kind = cleaned.get("service", "").partition(":")
        credentials = cleaned["new_credentials"]
        if self.instance.pk:
            channel, kind = self.instance.channel, self.instance.kind
        return {
            "name": self.instance.name if self.instance.pk else cleaned["name"],
            "channel": channel,
            "kind": kind,
            "credentials": credentials,
            **self.edited(),
        }


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = read_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise forms.ValidationError('is no JSON object; write {"name": "value"}')
    return found
