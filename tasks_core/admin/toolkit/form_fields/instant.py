"""An instant, written as clocks of one zone show it."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant


class InstantWidget(UnfoldAdminTextInputWidget):
    """The browser's own choice of a date and a time."""

    input_type = "datetime-local"


class InstantField(forms.Field):
    """Gives an aware ``datetime``, or None if it is empty.

    ``zone`` is that of the clock that people read it from; with an offset of its own it needs none.
    """

    zone: tzinfo = UTC
    widget = InstantWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", InstantWidget({"step": "1"}))
        super().__init__(**options)

    def ask_in(self, zone: tzinfo, name: str) -> None:
        """Ask by the clocks of a zone, and say so."""
        self.zone = zone
        self.label = f"{name} ({zone})"

    def to_python(self, value: Any) -> Any:
        """Read the text."""
        if value in self.empty_values:
            return None
        try:
            at = read_instant(str(value))
        except ValueError:
            raise forms.ValidationError(
                f"{value!r} is no date and time; write it like 2026-07-01T09:00"
            ) from None
        at = at if at.tzinfo else at.replace(tzinfo=self.zone)
        try:
            return checked_instant(at)
        except InvalidInstant as problem:
            raise forms.ValidationError(f"This {problem}.") from None

    def prepare_value(self, value: Any) -> Any:
        """Write a stored instant as clocks of the zone show it."""
        if not isinstance(value, datetime):
            return value
        return value.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="seconds")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare instants to the second, as they are shown."""
        try:
            return bool(self.prepare_value(initial) != self.prepare_value(self.to_python(data)))
        except forms.ValidationError:
            return True
