"""What the actions for schedules ask."""

from collections.abc import Sequence
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_core import clock
from tasks_core.admin.toolkit.actions.action import ActionForm
from tasks_core.admin.toolkit.form_fields.instant import InstantField
from tasks_core.admin.toolkit.schedule_zone import zone_of
from tasks_core.models import Schedule


class PauseForm(ActionForm):
    """Why, and until when."""

    on_record = ("reason", "resume_at")

    reason = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text="Kept with the ticks that fall into the pause, with your name.",
    )
    resume_at = InstantField(required=False, help_text="Empty: not before somebody resumes it.")

    def __init__(self, *args: Any, rows: Sequence[Schedule], **options: Any) -> None:
        super().__init__(*args, rows=rows, **options)
        field = self.fields["resume_at"]
        assert isinstance(field, InstantField)
        field.ask_in(zone_of(rows), "Goes on at")

    def clean_resume_at(self) -> object:
        """Refuse the past."""
        at = self.cleaned_data["resume_at"]
        if at is not None and at <= clock.now():
            raise forms.ValidationError("It must lie in the future.")
        return at
