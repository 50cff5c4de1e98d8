"""A field for a secret: what was typed is never sent back to the browser."""

from typing import Any

from unfold.widgets import UnfoldAdminTextareaWidget


class UnseenTextarea(UnfoldAdminTextareaWidget):
    """Empty whenever the form is shown, also after a mistake in another field."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 4, "autocomplete": "off", "spellcheck": "false", **(attrs or {})})

    def format_value(self, value: Any) -> str:
        """Show nothing."""
        return ""
