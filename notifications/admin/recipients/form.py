"""The form of a recipient: refuses what would be refused by ``save_recipient``."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from notifications.exceptions import InvalidRecipient
from notifications.models import Recipient
from notifications.people.recipients.text import (
    check_address,
    check_key,
    check_locale,
    check_quiet_hours,
    check_timezone,
)
from tasks_core.admin.toolkit import JsonObjectField

CHANNELS = ("email", "sms")
"""The addresses that are edited here; others belong to devices and accounts."""


def _text(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, widget=UnfoldAdminTextInputWidget(), help_text=help_text
    )


class RecipientForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """The addresses are shown as fields of the recipient."""

    email = _text("E-mail", "Mail address; empty if there is none.")
    sms = _text(
        "SMS", "Phone number with its country, such as +4930123456; empty if there is none."
    )
    attributes = JsonObjectField(help_text="Plain JSON of the caller's.")

    class Meta:
        model = Recipient
        fields = ("key", "locale", "timezone", "quiet_hours", "attributes")
        labels: ClassVar = {"timezone": "Time zone"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            stored = self.instance.addresses.filter(channel__in=CHANNELS)
            self.initial.update(stored.values_list("channel", "address"))

    def clean_key(self) -> str:
        """Refuse what looks like an address."""
        return self._checked(check_key, "key")

    def clean_locale(self) -> str:
        """Refuse what is no language tag."""
        return self._checked(check_locale, "locale")

    def clean_timezone(self) -> str:
        """Refuse what is no time zone."""
        return self._checked(check_timezone, "timezone")

    def clean_quiet_hours(self) -> str:
        """Refuse what is no window."""
        return self._checked(check_quiet_hours, "quiet_hours")

    def clean_email(self) -> str:
        """Refuse what is no mail address."""
        return self._checked(lambda text: text and check_address("email", text), "email")

    def clean_sms(self) -> str:
        """Refuse what is no phone number."""
        return self._checked(lambda text: text and check_address("sms", text), "sms")

    def _checked(self, check: Callable[[str], str], name: str) -> str:
        try:
            return check(self.cleaned_data[name])
        except InvalidRecipient as error:
            raise forms.ValidationError(error.problem) from None
