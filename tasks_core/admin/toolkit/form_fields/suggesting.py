"""A field for one line that suggests what there is and takes anything."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget


class SuggestingInput(UnfoldAdminTextInputWidget):
    """A text input with a list of suggestions, read when it is shown."""

    def __init__(self, suggestions: Callable[[], Iterable[str]]) -> None:
        super().__init__({"autocomplete": "off"})
        self._suggestions = suggestions

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Add the list to the input."""
        listed = f"{name}-suggestions"
        shown = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join(
            "", '<option value="{}"></option>', ((word,) for word in self._suggestions())
        )
        return format_html('{}<datalist id="{}">{}</datalist>', shown, listed, options)
