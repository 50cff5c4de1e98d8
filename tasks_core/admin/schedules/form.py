"""The form of a schedule. What it asks for goes to the API, which also says what is wrong."""

import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from tasks_core import clock
from tasks_core.admin.schedules.keywords import field_of, keywords
from tasks_core.admin.toolkit.form_fields.instant import InstantField
from tasks_core.admin.toolkit.form_fields.json_object import JsonObjectField, code_area, json_text
from tasks_core.admin.toolkit.form_fields.lines import LinesField
from tasks_core.admin.toolkit.form_fields.span import SpanField
from tasks_core.admin.toolkit.form_fields.tags import TagsField
from tasks_core.admin.toolkit.form_fields.zone import ZoneWidget
from tasks_core.client.payload_edit import with_kept_secrets, without_masks
from tasks_core.exceptions import InvalidPayload, InvalidRequest
from tasks_core.models import Schedule
from tasks_core.payloads import masked, parse
from tasks_core.priority import Priority
from tasks_core.registry import task_types
from tasks_core.schedules.definition import apply

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldOpts

IDENTITY = ("name", "task_type", "payload", "description")
TIMES: tuple[str, ...] = (
    *("kind", "expression", "timezone", "start_at", "end_at", "exclusions"),
    *("gap_policy", "fold_policy", "matches_both_days"),
)
LIMITS = ("jitter", "max_runs")
OBSTACLES = (
    *("misfire_policy", "misfire_grace", "misfire_max_age", "misfire_max_count"),
    "overlap_policy",
)
TASKS = ("queue_name", "priority", "retry_policy", "tags", "expires_after")
FIELDSETS: tuple[tuple[str | None, "_FieldOpts"], ...] = (
    (None, {"fields": IDENTITY}),
    ("When", {"fields": (*TIMES, *LIMITS)}),
    ("When it is missed, or still at work", {"fields": OBSTACLES}),
    ("Its tasks", {"fields": TASKS}),
)
LENGTH = "Seconds (90), or 90s, 15m, 2h, 3d."
OF_TYPE = "Empty: that of the type."


class TimesForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """What decides when ticks are due."""

    timezone = forms.CharField(
        max_length=64, initial="UTC", widget=ZoneWidget(), help_text="Such as Europe/Berlin."
    )
    start_at = InstantField(
        required=False, label="Start (UTC)", help_text="The first instant, included."
    )
    end_at = InstantField(
        required=False, label="End (UTC)", help_text="The last instant, included."
    )
    exclusions = JsonObjectField(
        help_text='What to leave out: {"dates": ["2026-12-25"], '
        '"date_ranges": [["2026-12-24", "2027-01-01"]], "crons": ["* * * * sat,sun"]}'
    )

    class Meta:
        model = Schedule
        fields = TIMES


class ScheduleForm(TimesForm):
    """Everything that people decide about a schedule."""

    task_type = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    description = LinesField(
        required=False, widget=UnfoldAdminTextareaWidget({"rows": 2}), help_text="For people."
    )
    payload = LinesField(
        strip=False,
        initial="{}",
        widget=code_area(6),
        help_text="JSON. Secrets are shown as ••••••; those left like that stay as they are.",
    )
    jitter = SpanField(
        required=False, help_text=f"Each tick is put off by less than this. {LENGTH}"
    )
    misfire_grace = SpanField(
        initial=timedelta(minutes=1), help_text=f"A tick no later than this is on time. {LENGTH}"
    )
    misfire_max_age = SpanField(
        required=False, help_text=f"Missed ticks that are later are skipped. {LENGTH}"
    )
    queue_name = forms.CharField(
        required=False, max_length=64, widget=UnfoldAdminTextInputWidget(), help_text=OF_TYPE
    )
    priority = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", "that of the type"), *Priority.choices],
        widget=UnfoldAdminSelectWidget(),
    )
    tags = TagsField(required=False, help_text="Words to find its tasks by: one, another")
    expires_after = SpanField(
        required=False, help_text=f"No attempt begins so long after the tick was due. {LENGTH}"
    )

    seen = forms.CharField(required=False, widget=forms.HiddenInput())
    """The version that the editor has before their eyes."""

    _payload: Any = None
    """What was typed, with the secrets that it keeps; the form's own data has their masks only."""

    class Meta(TimesForm.Meta):
        fields = (*IDENTITY, *TIMES, *LIMITS, *OBSTACLES, *TASKS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "task_type" not in self.fields:  # nothing is edited
            return
        open_types = {name for name, known in task_types().items() if not known.is_inner}
        names = {*open_types, self.instance.task_type} - {""}
        known = self.fields["task_type"]
        assert isinstance(known, forms.ChoiceField)
        unchosen = [] if self.instance.task_type else [("", "Choose one…")]
        known.choices = [*unchosen, *((name, name) for name in sorted(names))]
        if self.instance.pk is not None:
            self.initial["seen"] = self.instance.updated_at.isoformat()
            self.initial["exclusions"] = {
                name: entries for name, entries in self.instance.exclusions.items() if entries
            }
            self.initial["payload"] = json_text(masked(self.instance.payload))

    def clean_name(self) -> str:
        """Refuse a name that another schedule has."""
        name: str = self.cleaned_data["name"]
        others = Schedule.objects.existing().filter(name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(f"There is a schedule {name!r} already.")
        return name

    def clean_payload(self) -> Any:
        """Read the JSON; the secrets that were not touched are kept for ``wanted``, and stay sealed."""
        try:
            edited = parse(self.cleaned_data["payload"])
            if self.cleaned_data.get("task_type") == self.instance.task_type:
                self._payload = with_kept_secrets(edited, self.instance.payload)
            else:
                self._payload = without_masks(edited)
        except InvalidPayload as error:
            raise forms.ValidationError(str(error)) from None
        return edited

    def clean(self) -> dict[str, Any]:
        """Let the API's own check say what is wrong, each at its field."""
        cleaned = super().clean() or {}
        seen = cleaned.pop("seen", "")
        if seen and seen != self.initial.get("seen"):
            raise forms.ValidationError(
                "Somebody else has edited this schedule meanwhile. Open it anew and edit it again."
            )
        if not self.errors:
            now = clock.now()
            try:
                apply(self._draft(now), self.wanted(), now=now)
            except (InvalidRequest, ImproperlyConfigured) as error:
                self.add_error(field_of(error), str(error).split("; "))
        return cleaned

    def wanted(self) -> dict[str, Any]:
        """Return the keywords for the API: all of a new schedule, of another what was edited."""
        cleaned = {**self.cleaned_data, "payload": self._payload}
        if self.instance.pk is None:
            return keywords(cleaned, None)
        edited = set(self.changed_data)
        if "task_type" in edited:
            edited.add("payload")  # it has to fit the new type, secrets included
        return keywords(cleaned, edited)

    def _draft(self, now: datetime) -> Schedule:
        if self.instance.pk is not None:
            stored: Schedule = copy.copy(self.instance)
            return stored
        return Schedule(anchor=self.cleaned_data.get("start_at") or now)
