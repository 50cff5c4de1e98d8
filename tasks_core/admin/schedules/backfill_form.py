"""What a backfill asks: a range, shown by a dry run before anything is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from tasks_core.admin.toolkit.actions.action import ActionForm
from tasks_core.admin.toolkit.form_fields.instant import InstantField
from tasks_core.admin.toolkit.schedule_zone import zone_of
from tasks_core.engine.schedule.bounds import JUST
from tasks_core.exceptions import InvalidRequest, ScheduleNotFound
from tasks_core.models import Backfill, Schedule
from tasks_core.schedules.backfilling import preview_backfill
from tasks_core.schedules.recurrence import recurrence_of

SHOWN = 20
MOST = 20_000
"""Ticks of the range that a dry run on a page looks at; the command's has no limit."""

FORETOLD = ("start", "end", "order", "reprocess")


@dataclass(frozen=True)
class Foretold:
    """What a dry run found, in words."""

    total: str
    first: list[str]
    more: str = ""
    note: str = ""


class BackfillForm(ActionForm):
    """The first click looks, the second one starts what was seen."""

    on_record = (*FORETOLD, "concurrency")

    start = InstantField(help_text="The first instant, included.")
    end = InstantField(help_text="The last instant, included; not later than now.")
    order = forms.ChoiceField(choices=Backfill.Order.choices, widget=UnfoldAdminSelectWidget())
    reprocess = forms.ChoiceField(
        choices=Backfill.Reprocess.choices,
        widget=UnfoldAdminSelectWidget(),
        label="Run again",
        help_text="Which of the ticks that have been run before.",
    )
    concurrency = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="At most so many of its tasks are unfinished at a time.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, data: Any = None, *, rows: Sequence[Schedule], **options: Any) -> None:
        super().__init__(data.copy() if data else data, rows=rows, **options)
        self.foretold: Foretold | None = None
        self._is_confirmed = False
        for name in ("start", "end"):
            field = self.fields[name]
            assert isinstance(field, InstantField)
            field.ask_in(zone_of(rows), name.capitalize())

    def is_valid(self) -> bool:
        """Also want that what will run has been looked at."""
        return super().is_valid() and self._is_confirmed

    def clean(self) -> dict[str, Any]:
        """Look what would run, unless that has been seen already."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        wanted = "|".join(str(cleaned[name]) for name in FORETOLD)
        if cleaned["seen"] == wanted:
            self._is_confirmed = True
            return cleaned
        try:
            found, is_cut = _foretell(self.rows[0], cleaned)
        except (InvalidRequest, ScheduleNotFound) as error:
            raise forms.ValidationError(str(error)) from None
        self.foretold = _in_words(found, self.fields["start"].zone, is_cut=is_cut)  # type: ignore[attr-defined]
        self.data["seen"] = wanted if found else ""  # type: ignore[index] # it is a copy
        self.button = f"Run {self.foretold.total}" if found else ""
        return cleaned


def _foretell(schedule: Schedule, cleaned: dict[str, Any]) -> tuple[list[datetime], bool]:
    """Return what would run, and whether the range has more ticks than were looked at."""
    start, end = cleaned["start"], cleaned["end"]
    how = {"order": cleaned["order"], "reprocess": cleaned["reprocess"]}
    preview_backfill(schedule.name, start, end, **how)
    last = list(islice(recurrence_of(schedule).ticks(start - JUST, end), MOST, MOST + 1))
    upto = last[0].due - JUST if last else end
    return list(preview_backfill(schedule.name, start, upto, **how)), bool(last)


def _in_words(found: list[datetime], zone: Any, *, is_cut: bool) -> Foretold:
    count = f"{len(found):,} tick{'' if len(found) == 1 else 's'}"
    return Foretold(
        total=f"at least {count}" if is_cut else count,
        first=[f"{due.astimezone(zone):%a %Y-%m-%d %H:%M:%S}" for due in found[:SHOWN]],
        more=f"{len(found) - SHOWN:,}" if len(found) > SHOWN else "",
        note=(
            f"The range has more than {MOST:,} ticks; only its oldest ones were looked at. "
            "backfill_schedule --dry-run looks at all."
            if is_cut
            else ""
        ),
    )
