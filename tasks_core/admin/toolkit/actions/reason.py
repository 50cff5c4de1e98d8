"""Why somebody does something, for those who look at it later."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_core.admin.toolkit.actions.action import ActionForm


class ReasonForm(ActionForm):
    """Asks why."""

    on_record = ("reason",)

    reason = forms.CharField(
        max_length=150,
        widget=UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text="Kept and shown, with your name.",
    )


def signed_reason(answers: Mapping[str, Any], actor: str) -> str:
    """Return what was answered, with the name of who did."""
    return f"{answers['reason']} ({actor})"
