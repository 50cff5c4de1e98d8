"""The form in which an operator writes a template."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from notifications.admin.templates.source import PARTS, Source
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidTemplate
from notifications.locales import checked_locale
from notifications.message_templates.publishing import check_template
from notifications.models import Template
from tasks_core.admin.toolkit import LinesField

PUBLISH = "_publish"
IDENTITY = ("name", "channel", "locale")


def _code(rows: int, label: str, help_text: str) -> LinesField:
    widget = UnfoldAdminTextareaWidget({"rows": rows, "class": "br-code", "spellcheck": "false"})
    return LinesField(widget=widget, required=False, strip=False, label=label, help_text=help_text)


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """A draft may be wrong when it is saved; it must be right to be published."""

    channel = forms.ChoiceField(
        choices=lambda: [(kind, kind) for kind in CHANNELS],
        widget=UnfoldAdminSelectWidget(),
        help_text="How its messages leave.",
    )
    subject = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="One line, for channels that show one.",
    )
    text = _code(12, "Text", "The message as plain text, or the JSON document of a webhook.")
    html = _code(12, "HTML", "Optional; e-mail only. Values in it are escaped.")
    schema = _code(
        8, "Schema", "JSON Schema of the variables. Empty: all that are used are required."
    )
    sample = _code(6, "Sample", "Variables for the preview, a JSON object. Do not use real ones.")

    class Meta:
        model = Template
        fields = ("name", "channel", "locale", "description")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            source = Source.of(self.instance)
            self.initial.update({name: getattr(source, name) for name in PARTS})

    def source(self) -> Source:
        """Return the parts as they were typed."""
        return Source.typed(self.cleaned_data)

    def clean_locale(self) -> str:
        """Check the language tag, and write it as it is stored."""
        try:
            return checked_locale(self.cleaned_data["locale"], InvalidTemplate)
        except InvalidTemplate as error:
            raise ValidationError(error.problem) from None

    def clean(self) -> dict[str, Any]:
        """Refuse to publish what is wrong; of a draft only its name, channel and locale are checked."""
        cleaned = super().clean() or self.cleaned_data
        if any(name in self.errors for name in IDENTITY):
            return cleaned
        try:
            self._check(cleaned)
        except InvalidTemplate as error:
            if PUBLISH in self.data or error.part in IDENTITY:
                self.add_error(error.part if error.part in self.fields else None, str(error))
        return cleaned

    def _check(self, cleaned: dict[str, Any]) -> None:
        name, channel, locale = self._identity(cleaned)
        check_template(name, channel=channel, locale=locale, **self.source().options())

    def _identity(self, cleaned: dict[str, Any]) -> list[str]:
        """Return name, channel and locale; those of a stored template do not change."""
        if self.instance.pk:
            return [getattr(self.instance, name) for name in IDENTITY]
        return [cleaned.get(name) or "" for name in IDENTITY]
