"""What the history of a row says of an action that was taken."""

from datetime import datetime
from typing import Any

from django.forms.utils import pretty_name

from tasks_core.admin.toolkit.actions.action import Action, ActionForm
from tasks_core.admin.toolkit.moments import exact_instant
from tasks_core.logs.redaction import redacted_text


def deed_on_record(action: Action[Any], form: ActionForm) -> str:
    """Return for example ``Pause. Reason: holiday; Goes on at: 2026-07-01 09:00:00.000 UTC``."""
    answers = [
        f"{pretty_name(name)}: {_text(form.cleaned_data[name])}"
        for name in form.on_record
        if form.cleaned_data.get(name) not in (None, "")
    ]
    deed = action.label.rstrip("…")
    return f"{deed}. {'; '.join(answers)}" if answers else deed


def _text(answer: Any) -> str:
    return exact_instant(answer) if isinstance(answer, datetime) else redacted_text(str(answer))
