"""The ledger: every tick of every schedule, and what became of it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.schedules.facts import in_its_zone
from tasks_core.admin.schedules.occurrence_filters import BackfillFilter, ScheduleFilter, TimeFilter
from tasks_core.admin.schedules.occurrence_order import LedgerChangeList
from tasks_core.admin.toolkit.actions.action import Action
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.actions.each import Answers, Did, Refused, each
from tasks_core.admin.toolkit.actions.reason import ReasonForm, signed_reason
from tasks_core.admin.toolkit.badges import outcome_badge
from tasks_core.admin.toolkit.blocks import two_lines
from tasks_core.admin.toolkit.moments import NONE, moment, moment_in_full
from tasks_core.admin.toolkit.places import backfill_link, schedule_link, task_link
from tasks_core.admin.toolkit.record import Fact
from tasks_core.engine.bigint import bigint
from tasks_core.engine.schedule import FINAL
from tasks_core.exceptions import InnerTaskType
from tasks_core.models import Occurrence, Schedule
from tasks_core.schedules.control import cancel_occurrence
from tasks_core.schedules.definition import is_steerable

MAX_FOUND = 100
"""Schedules whose name may contain what is searched for."""


def _cancel(row: Occurrence, answers: Answers, actor: str) -> Did:
    if not cancel_occurrence(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("had been settled already")
    return Did("cancelled")


CANCEL: Action[Occurrence] = Action(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation="A tick that is still to come is left out; the others of its schedule stay.",
    form=ReasonForm,
    perform=each(_cancel, refusals={InnerTaskType: "stayed as it was"}),
    applies=lambda row: row.outcome not in FINAL and is_steerable(row.schedule),
    danger=True,
)


@admin.register(Occurrence)
class OccurrenceAdmin(RecordActionsAdmin[Occurrence]):
    """Read-only; what is to come can be cancelled."""

    explanation = (
        "The ledger: every time at which a schedule was or is due, with what became of it."
    )
    row_actions = (CANCEL,)
    list_display = ("what", "due_at", "outcome_word", "task_of", "reason", "decided")
    list_display_links = ("what",)
    list_filter = (TimeFilter, "outcome", "kind", ScheduleFilter, BackfillFilter)
    list_select_related = ("schedule",)
    search_fields = ("id",)
    search_help_text = "Part of the schedule's name, id of the task or of the tick"

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Page by due time."""
        return LedgerChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Occurrence]:
        """Load each with its schedule, as its zone is wanted."""
        return super().get_queryset(request).select_related("schedule")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Occurrence], search_term: str
    ) -> tuple[QuerySet[Occurrence], bool]:
        """Find by schedule, or by what is exact."""
        term = search_term.strip().lstrip("#")
        if not term:
            return queryset, False
        named = Schedule.objects.filter(name__icontains=term).values_list("pk", flat=True)
        found = Q(schedule_id__in=list(named[:MAX_FOUND]))
        if (number := bigint(term)) is not None:
            found |= Q(pk=number) | Q(task_id=number)
        return queryset.filter(found), False

    @admin.display(description="tick of")
    def what(self, row: Occurrence) -> SafeString:
        """Schedule and origin."""
        return two_lines(row.schedule.name, row.get_kind_display())

    @admin.display(description="due")
    def due_at(self, row: Occurrence) -> SafeString:
        """By the clocks of its zone, and how far away that is."""
        return two_lines(in_its_zone(row.schedule, row.due), moment(row.due, clock.now()))

    @admin.display(description="outcome")
    def outcome_word(self, row: Occurrence) -> SafeString:
        """What became of it."""
        return outcome_badge(row.outcome)

    @admin.display(description="task")
    def task_of(self, row: Occurrence) -> SafeString | str:
        """The task it made."""
        return task_link(row.task_id) if row.task_id else NONE

    @admin.display(description="decided")
    def decided(self, row: Occurrence) -> SafeString | str:
        """When that was decided."""
        return moment(row.decided_at, clock.now())

    def facts(self, request: HttpRequest, row: Occurrence) -> list[Fact]:
        """Return the same in full."""
        now = clock.now()
        return [
            Fact("Outcome", self.outcome_word(row)),
            Fact("Reason", row.reason),
            Fact("Schedule", schedule_link(row.schedule)),
            Fact("Origin", row.get_kind_display()),
            Fact("Due", f"{in_its_zone(row.schedule, row.due)} {row.schedule.timezone}"),
            Fact("In UTC", moment_in_full(row.due, now)),
            Fact("With jitter", moment_in_full(row.fire_at, now) if row.fire_at != row.due else ""),
            Fact("Decided", moment_in_full(row.decided_at, now) if row.decided_at else ""),
            Fact("Task", task_link(row.task_id) if row.task_id else ""),
            Fact("Backfill", backfill_link(row.backfill_id) if row.backfill_id else ""),
        ]
