"""The name of a time zone, completed by the browser."""

from typing import Any
from zoneinfo import available_timezones

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget


class ZoneWidget(UnfoldAdminTextInputWidget):
    """A text with the known zones to choose from."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Put the list of zones beside the field."""
        known = f"{name}-zones"
        field = super().render(name, value, {**(attrs or {}), "list": known}, renderer)
        zones = ((zone,) for zone in sorted(available_timezones()))
        options = format_html_join("", '<option value="{}">', zones)
        return format_html('{}<datalist id="{}">{}</datalist>', field, known, options)
