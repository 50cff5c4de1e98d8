"""Words with commas between them."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


class TagsField(forms.CharField):
    """Gives a list of words."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        """Read the words."""
        return [tag for part in str(value or "").split(",") if (tag := part.strip())]

    def prepare_value(self, value: Any) -> Any:
        """Write stored words."""
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the words."""
        return bool((initial or []) != self.to_python(data))
