"""Tasks: what they are, what happened to them, and how to steer them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.tasks import facts as task_facts
from tasks_core.admin.tasks.actions import CANCEL, RETRY
from tasks_core.admin.tasks.search import HELP, search
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.badges import state_badge
from tasks_core.admin.toolkit.blocks import two_lines
from tasks_core.admin.toolkit.moments import moment
from tasks_core.admin.toolkit.record import Fact, Panel
from tasks_core.admin.toolkit.task_filters import QueueFilter, StateFilter, TimeFilter, TypeFilter
from tasks_core.models import Task

ERROR_LENGTH = 80


@admin.register(Task)
class TaskAdmin(RecordActionsAdmin[Task]):
    """Read-only; cancel and retry are actions."""

    explanation = (
        "Every piece of work that was asked for: waiting, running, or ended in one final state."
    )
    row_actions = (CANCEL, RETRY)
    list_display = ("what", "state_word", "lane", "when", "tries", "problem")
    list_display_links = ("what",)
    list_filter = (StateFilter, TypeFilter, QueueFilter, "priority", TimeFilter)
    search_fields = ("id",)
    search_help_text = HELP

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """Leave out what the list does not show and what may be large."""
        return super().get_queryset(request).defer("result")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        """See ``task_search``."""
        return search(queryset, search_term), False

    @admin.display(description="task")
    def what(self, task: Task) -> SafeString:
        """Type and id."""
        return two_lines(task.task_type, f"#{task.pk}")

    @admin.display(description="state")
    def state_word(self, task: Task) -> SafeString:
        """The state."""
        return state_badge(task.state)

    @admin.display(description="queue")
    def lane(self, task: Task) -> SafeString:
        """Queue and priority."""
        return two_lines(task.queue_name, task.get_priority_display().lower())

    @admin.display(description="when")
    def when(self, task: Task) -> SafeString:
        """The instant that matters in its state."""
        now = clock.now()
        if task.finished_at:
            return two_lines(moment(task.finished_at, now), "finished")
        if task.state == "RUNNING":
            return two_lines(moment(task.last_attempted_at, now), "started")
        return two_lines(moment(task.run_after, now), "due")

    @admin.display(description="attempts")
    def tries(self, task: Task) -> int:
        """Executions begun."""
        return task.attempts

    @admin.display(description="last error")
    def problem(self, task: Task) -> str:
        """The last failure, shortened."""
        text = task.error
        return text if len(text) <= ERROR_LENGTH else text[: ERROR_LENGTH - 1] + "…"

    def facts(self, request: HttpRequest, row: Task) -> list[Fact]:
        """See ``task_facts``."""
        return task_facts.facts(row, clock.now())

    def panels(self, request: HttpRequest, row: Task) -> list[Panel]:
        """See ``task_facts``."""
        return task_facts.panels(row, clock.now())
