"""What the actions for dead letters ask."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from tasks_core.admin.toolkit.actions.action import ActionForm
from tasks_core.client.payload_edit import with_kept_secrets
from tasks_core.exceptions import InvalidRequest
from tasks_core.models import DeadLetter
from tasks_core.payloads import masked, parse
from tasks_core.registry import get_task_type, require_allowed


class NoteForm(ActionForm):
    """A note that may be left out."""

    on_record = ("note",)

    note = forms.CharField(
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Kept with the dead letter, with your name.",
    )


class RequiredNoteForm(NoteForm):
    """A note that says why."""

    note = forms.CharField(
        max_length=150,
        widget=UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text="Why it needs no replay. Kept with the dead letter, with your name.",
    )


class PayloadForm(NoteForm):
    """The payload of one dead letter, to be corrected."""

    payload = forms.CharField(
        strip=False,
        widget=UnfoldAdminTextareaWidget({"rows": 14, "class": "br-code", "spellcheck": "false"}),
        help_text="JSON. Secrets are shown as ••••••; those left like that stay as they are.",
    )
    field_order = ("payload", "note")

    def __init__(self, *args: Any, rows: Sequence[DeadLetter], **options: Any) -> None:
        super().__init__(*args, rows=rows, **options)
        self._stored = rows[0].task.payload
        self._task_type = rows[0].task_type
        self.initial["payload"] = json.dumps(masked(self._stored), indent=2, ensure_ascii=False)

    def clean_payload(self) -> Any:
        """Check the payload by the schema of its type."""
        try:
            registered = get_task_type(self._task_type)
            require_allowed(registered, inner=False)
            payload = with_kept_secrets(parse(self.cleaned_data["payload"]), self._stored)
            registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
        except (InvalidRequest, ImproperlyConfigured) as error:
            raise forms.ValidationError(str(error).split("; ")) from None
        return payload

    def schema(self) -> str:
        """Return the JSON Schema of the payload, for the page."""
        try:
            schema = get_task_type(self._task_type).schema.json_schema()
        except InvalidRequest:
            return ""
        return json.dumps(schema, indent=2, ensure_ascii=False)
