"""Text of several lines, as a text area sends it."""

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """Gives lines that end as they are stored: browsers send CR LF, which would be an edit of each line."""

    def to_python(self, value: Any) -> Any:
        """Read the text."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text
