"""A length of time such as 90, 90s, 15m, 2h or 3d."""

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_core.management.arguments.duration import duration

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class SpanField(forms.CharField):
    """Gives a ``timedelta``, or None if it is empty."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        """Read the text."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return duration(text)
        except ArgumentTypeError as error:
            raise forms.ValidationError(str(error)) from None

    def prepare_value(self, value: Any) -> Any:
        """Write a stored length of time as people would."""
        return span_text(value) if isinstance(value, timedelta) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare how long they are, not how they are written."""
        try:
            return bool(initial != self.to_python(data))
        except forms.ValidationError:
            return True


def span_text(span: timedelta) -> str:
    """Return for example ``15m``, in the largest unit that gives a whole number."""
    seconds = span.total_seconds()
    for size, unit in UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
