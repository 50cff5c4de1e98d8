"""The events of all tasks."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.events.filters import KindFilter, PeriodFilter
from tasks_core.admin.tasks.timeline import TITLES, details
from tasks_core.admin.toolkit.badges import badge
from tasks_core.admin.toolkit.blocks import json_block, two_lines
from tasks_core.admin.toolkit.moments import moment, moment_in_full, span
from tasks_core.admin.toolkit.places import task_link
from tasks_core.admin.toolkit.record import Fact, Panel, RecordAdmin
from tasks_core.admin.toolkit.task_filters import TypeFilter
from tasks_core.engine.bigint import bigint
from tasks_core.engine.states import EventKind
from tasks_core.models import TaskEvent

DURATIONS: dict[str, str] = {
    EventKind.STARTED: "Waited for",
    EventKind.SCHEDULED: "Late by",
}
"""What the duration of an event means, where it is not how long the attempt ran."""


@admin.register(TaskEvent)
class TaskEventAdmin(RecordAdmin[TaskEvent]):
    """An immutable ledger; nobody can change it."""

    explanation = (
        "What happened to tasks, one line for each change of state. Nothing here ever changes."
    )
    list_display = ("id", "kind_word", "task_of", "attempt", "took", "what", "when")
    list_filter = (KindFilter, TypeFilter, PeriodFilter)
    search_fields = ("id",)
    search_help_text = "Id of the task"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TaskEvent], search_term: str
    ) -> tuple[QuerySet[TaskEvent], bool]:
        """Find the events of one task."""
        term = search_term.strip().lstrip("#")
        if not term:
            return queryset, False
        if (task_id := bigint(term)) is None:
            return queryset.none(), False
        return queryset.filter(task=task_id), False

    @admin.display(description="event")
    def kind_word(self, event: TaskEvent) -> SafeString:
        """What happened."""
        return badge(event.kind.replace("_", " "), TITLES.get(event.kind, ("", "muted"))[1])

    @admin.display(description="task")
    def task_of(self, event: TaskEvent) -> SafeString:
        """To which task."""
        return two_lines(event.task_type, task_link(event.task_id))

    @admin.display(description="duration")
    def took(self, event: TaskEvent) -> str:
        """How long an attempt ran, waited or was late."""
        return "" if event.duration is None else span(event.duration)

    @admin.display(description="data")
    def what(self, event: TaskEvent) -> SafeString:
        """What was recorded with it."""
        return format_html_join(", ", "{}: {}", details(event.data, clock.now()))

    @admin.display(description="when")
    def when(self, event: TaskEvent) -> SafeString | str:
        """When it happened."""
        return moment(event.at, clock.now())

    def facts(self, request: HttpRequest, row: TaskEvent) -> list[Fact]:
        """Return what the list has, in full."""
        return [
            Fact("Event", self.kind_word(row)),
            Fact("Task", task_link(row.task_id)),
            Fact("Type", row.task_type),
            Fact("Attempt", row.attempt or ""),
            Fact(DURATIONS.get(row.kind, "Ran for"), self.took(row)),
            Fact("At", moment_in_full(row.at, clock.now())),
        ]

    def panels(self, request: HttpRequest, row: TaskEvent) -> list[Panel]:
        """Return the data."""
        return [Panel("data", "Data", json_block(row.data))] if row.data else []
