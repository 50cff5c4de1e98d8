"""A JSON object, for people to edit."""

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from tasks_core.engine.json_text import read_json


def code_area(rows: int) -> UnfoldAdminTextareaWidget:
    """Return a text area for JSON."""
    return UnfoldAdminTextareaWidget({"rows": rows, "class": "br-code", "spellcheck": "false"})


def json_text(value: Any) -> str:
    """Return JSON as people edit it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


class JsonObjectField(forms.CharField):
    """Gives a dict; nothing typed is an empty one."""

    def __init__(self, *, rows: int = 4, **options: Any) -> None:
        super().__init__(required=False, strip=True, widget=code_area(rows), **options)

    def to_python(self, value: Any) -> Any:
        """Read the text."""
        text = super().to_python(value)
        if not text:
            return {}
        try:
            found = read_json(text)
        except ValueError as error:
            raise forms.ValidationError(f"is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise forms.ValidationError('must be an object, such as {"dates": ["2026-12-25"]}')
        return found

    def prepare_value(self, value: Any) -> Any:
        """Write a stored object with line breaks."""
        return json_text(value) if isinstance(value, dict) and value else value or ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what it says, not how it is written."""
        try:
            return bool((initial or {}) != self.to_python(data))
        except forms.ValidationError:
            return True
