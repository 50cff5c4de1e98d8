"""The form of a destination."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from notifications.admin.toolkit.unseen import UnseenTextarea
from notifications.exceptions import InvalidProvider
from notifications.models import Destination
from notifications.sending.destinations.registration import check_destination, with_destinations
from tasks_core.engine.json_text import read_json

SUPERUSERS_ONLY = "apprise"
"""An Apprise URL says which code of a large package runs, and where it connects to."""


class DestinationForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """What ``register_destination`` takes. The address is written and never read."""

    is_superuser = False
    channel = forms.ChoiceField(
        choices=lambda: [(name, name) for name in with_destinations()],
        widget=UnfoldAdminSelectWidget(),
    )
    address = forms.CharField(
        widget=UnseenTextarea(),
        help_text="The URL; for web push the subscription, as JSON. Stored encrypted, never shown.",
    )

    class Meta:
        model = Destination
        fields = ("channel", "name")

    def clean(self) -> dict[str, Any]:
        """Check what ``register_destination`` will check."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        channel = self.instance.channel if self.instance.pk else cleaned["channel"]
        name = self.instance.name if self.instance.pk else cleaned["name"]
        if channel == SUPERUSERS_ONLY and not self.is_superuser:
            self.add_error(None, "Only superusers may enter addresses of channel apprise.")
            return cleaned
        try:
            cleaned["secret"] = secret_of(channel, cleaned["address"])
            check_destination(name, channel, cleaned["secret"])
        except InvalidProvider as error:
            self.add_error("name" if error.field == "name" else "address", str(error))
        return cleaned


def secret_of(channel: str, text: str) -> dict[str, Any]:
    """Return the keyword that a typed address is for ``register_destination``.

    Raises:
        InvalidProvider: a subscription is no JSON.
    """
    if channel != "webpush":
        return {"url": text.strip()}
    try:
        return {"subscription": read_json(text)}
    except ValueError:
        raise InvalidProvider("subscription", "is no JSON; give what the browser gives") from None
