"""The form of a cron trigger: refuses what would be refused by ``create_cron_trigger``."""

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications.exceptions import InvalidTrigger
from notifications.models import CronTrigger
from notifications.triggers.cron_triggers import check_cron_trigger
from notifications.triggers.headers import shown_headers
from tasks_core.engine.json_text import read_json

ARGUMENTS = (
    "webhook",
    "schedule",
    "timezone",
    "payload",
    "headers",
    "retry_conf",
    "misfire_policy",
    "when_disabled",
    "include_in_metadata",
    "comment",
    "request_transform",
    "response_transform",
)
"""The fields, named like the arguments of ``create_cron_trigger``."""


class JsonField(forms.JSONField):
    """JSON as people read it; nothing instead of null."""

    def to_python(self, value: Any) -> Any:
        """Read the text."""
        if isinstance(value, str) and value:
            try:
                read_json(value)
            except ValueError as error:
                raise forms.ValidationError(
                    f"is not valid JSON, or cannot be stored: {error}"
                ) from None
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show what was typed as it was typed."""
        return initial if self.disabled else InvalidJSONInput(data or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what it says; what cannot be read is a change."""
        try:
            self.to_python(data)
        except forms.ValidationError:
            return True
        return super().has_changed(initial, data)

    def prepare_value(self, value: Any) -> Any:
        """Write the value with indents."""
        if value is None:
            return ""
        if isinstance(value, InvalidJSONInput):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False)


def _json(rows: int, text: str) -> Any:
    widget = UnfoldAdminTextareaWidget({"rows": rows, "spellcheck": "false"})
    return JsonField(required=False, widget=widget, help_text=text)


class CronTriggerForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Sensitive headers are shown masked; those left like that stay as they are."""

    payload = _json(4, "Any JSON. Operators can see it; empty is sent as null.")
    headers = _json(
        4,
        'A list of {"name": ..., "value": ...} or {"name": ..., "value_from_env": ...}. '
        "Sensitive values are shown as ••••••; those left like that stay as they are.",
    )
    retry_conf = _json(
        4,
        "num_retries (0), retry_interval_seconds (10), timeout_seconds (60), tolerance_seconds (21600), "
        "backoff (fixed or exponential), jitter, retry_client_errors.",
    )
    request_transform = _json(4, "Changes method, url, query_params, request_headers and body.")
    response_transform = _json(3, "Changes the body of the response before it is logged.")

    class Meta:
        model = CronTrigger
        fields = ("name", *ARGUMENTS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["headers"] = shown_headers(self.instance.headers)

    def arguments(self) -> dict[str, Any]:
        """Return what was typed, as ``create_cron_trigger`` takes it."""
        given = {name: self.cleaned_data.get(name) for name in ARGUMENTS}
        return {**given, "headers": given["headers"] or [], "comment": given["comment"] or ""}

    def clean(self) -> dict[str, Any]:
        """Show what is wrong at its field."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        name = self.instance.name if self.instance.pk else cleaned["name"]
        try:
            check_cron_trigger(name, may_replace=bool(self.instance.pk), **self.arguments())
        except InvalidTrigger as error:
            field = error.field.partition(".")[0].partition("[")[0]
            self.add_error(field if field in self.fields else None, str(error))
        return cleaned

    def _post_clean(self) -> None:
        """Leave the row alone: it is written by ``create_cron_trigger``, never by the form."""
