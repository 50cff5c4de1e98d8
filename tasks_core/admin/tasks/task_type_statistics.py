"""What has been measured of task types."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.toolkit.blocks import link
from tasks_core.admin.toolkit.moments import moment, moment_in_full, span
from tasks_core.admin.toolkit.places import list_url
from tasks_core.admin.toolkit.record import Fact, RecordAdmin
from tasks_core.models import TaskTypeStatistics


@admin.register(TaskTypeStatistics)
class TaskTypeStatisticsAdmin(RecordAdmin[TaskTypeStatistics]):
    """The dispatcher sizes its batches by these."""

    explanation = "How long tasks of each type take; the size of workers' batches follows from it."
    list_display = ("task_type", "mean", "measured", "tasks")
    search_fields = ("task_type",)

    def get_changelist(self, request: HttpRequest, **options: object) -> type:
        """A short list with text keys needs no paging by key."""
        from django.contrib.admin.views.main import ChangeList

        return ChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskTypeStatistics]:
        """Sort by name."""
        return super().get_queryset(request).order_by("task_type")

    @admin.display(description="mean run time")
    def mean(self, row: TaskTypeStatistics) -> str:
        """Smoothed over the latest runs."""
        return span(row.mean_runtime)

    @admin.display(description="measured")
    def measured(self, row: TaskTypeStatistics) -> SafeString | str:
        """When it was measured last."""
        return moment(row.measured_at, clock.now())

    @admin.display(description="tasks")
    def tasks(self, row: TaskTypeStatistics) -> SafeString:
        """A link to the tasks of the type."""
        return link(list_url("tasks_core_task", type=row.task_type), "tasks")

    def facts(self, request: HttpRequest, row: TaskTypeStatistics) -> list[Fact]:
        """Return the same in full."""
        return [
            Fact("Type", row.task_type),
            Fact("Mean run time", span(row.mean_runtime)),
            Fact("Measured", moment_in_full(row.measured_at, clock.now())),
            Fact("Tasks", self.tasks(row)),
        ]
