"""What the steps for schedules ask."""

from __future__ import annotations

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_core import clock
from tasks_core.admin.form_fields.instant import InstantField
from tasks_core.admin.steering.step import StepForm


class PauseForm(StepForm):
    """Why, and until when."""

    reason = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text="Kept with the ticks that fall into the pause, with your name.",
    )
    resume_at = InstantField(
        required=False, label="Goes on at (UTC)", help_text="Empty: not before somebody resumes it."
    )

    def clean_resume_at(self) -> object:
        """Refuse the past."""
        at = self.cleaned_data["resume_at"]
        if at is not None and at <= clock.now():
            raise forms.ValidationError("It must lie in the future.")
        return at
