"""Schedules: when they are due, how they stand, and how to steer them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.schedules import facts as schedule_facts
from tasks_core.admin.schedules.actions import (
    BACKFILL,
    DELETE,
    DISABLE,
    ENABLE,
    PAUSE,
    RESUME,
    TRIGGER,
)
from tasks_core.admin.schedules.filters import StandingFilter
from tasks_core.admin.schedules.form import FIELDSETS, ScheduleForm, TimesForm
from tasks_core.admin.schedules.tick_table import problems, tick_table
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.badges import outcome_badge
from tasks_core.admin.toolkit.blocks import two_lines
from tasks_core.admin.toolkit.moments import NONE, moment
from tasks_core.admin.toolkit.record import Fact, Panel, shows_list
from tasks_core.admin.toolkit.task_filters import TypeFilter
from tasks_core.engine.bigint import bigint
from tasks_core.exceptions import TasksCoreError
from tasks_core.models import Schedule
from tasks_core.schedules.definition import is_steerable
from tasks_core.schedules.edit import define, update_schedule
from tasks_core.schedules.latest import with_latest
from tasks_core.schedules.wording import when_in_words


@admin.register(Schedule)
class ScheduleAdmin(RecordActionsAdmin[Schedule]):
    """Edited through the API, so that the ledger follows; everything else is an action."""

    explanation = "What makes tasks again and again, by a cron expression or an interval."
    form = ScheduleForm
    fieldsets = FIELDSETS
    change_form_template = "admin/tasks_core/schedule/change_form.html"
    row_actions = (TRIGGER, PAUSE, RESUME, BACKFILL, DISABLE, ENABLE, DELETE)
    list_display = ("what", "state_word", "due_in_words", "next_tick", "latest")
    list_display_links = ("what",)
    list_filter = (StandingFilter, TypeFilter, "kind")
    search_fields = ("name", "task_type", "description")
    search_help_text = "Part of the name, the task type or the description"

    class Media:
        js = ("tasks_core/live_preview.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """Add to the list what became of the latest ticks."""
        schedules = super().get_queryset(request)
        if shows_list(request):
            return with_latest(schedules, clock.now()).defer("payload", "exclusions")
        return schedules.select_related("retry_policy")

    @admin.display(description="schedule")
    def what(self, schedule: Schedule) -> SafeString:
        """Name and task type."""
        return two_lines(schedule.name, schedule.task_type)

    @admin.display(description="state")
    def state_word(self, schedule: Schedule) -> SafeString:
        """The state, and why it is paused."""
        word = schedule_facts.standing_badge(schedule, clock.now())
        return two_lines(word, schedule.pause_reason) if schedule.pause_reason else word

    @admin.display(description="when")
    def due_in_words(self, schedule: Schedule) -> SafeString:
        """When it is due, and the expression that says so."""
        return two_lines(when_in_words(schedule), schedule.expression)

    @admin.display(description="next")
    def next_tick(self, schedule: Schedule) -> SafeString | str:
        """Its next tick, by the clocks of its zone."""
        at = schedule.next_fire_at
        if at is None:
            return NONE
        return two_lines(moment(at, clock.now()), schedule_facts.in_its_zone(schedule, at))

    @admin.display(description="latest")
    def latest(self, schedule: Any) -> SafeString | str:
        """What became of its latest tick."""
        if schedule.latest_outcome is None:
            return NONE
        word = outcome_badge(schedule.latest_outcome)
        return two_lines(word, moment(schedule.latest_due, clock.now()))

    def facts(self, request: HttpRequest, row: Schedule) -> list[Fact]:
        """See ``schedule_facts``."""
        return schedule_facts.facts(row, clock.now())

    def panels(self, request: HttpRequest, row: Schedule) -> list[Panel]:
        """See ``schedule_facts``."""
        return schedule_facts.panels(row, clock.now())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever has the model's permission."""
        return request.user.has_perm("tasks_core.add_schedule")

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Whoever has the model's permission; nobody edits what is deleted or follows another row."""
        is_fixed = obj is not None and bool(obj.deleted_at or obj.source or not is_steerable(obj))
        return not is_fixed and self._may_change(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the preview."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="tasks_core_schedule_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer a form that is being edited with its next times, or with what is wrong."""
        if not (self._may_change(request) or self.has_add_permission(request)):
            raise PermissionDenied
        key = request.GET.get("schedule", "")
        stored = self.get_object(request, key) if bigint(key) is not None else None
        return HttpResponse(_typed_ticks(request, stored))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show a form beside its next times; to those who may not edit it, what there is to read."""
        row = options.get("obj")
        url = reverse("admin:tasks_core_schedule_preview")
        context["preview_url"] = f"{url}?schedule={row.pk}" if row else url
        if request.method == "POST":
            context["ticks"] = _typed_ticks(request, row)
        else:
            context["ticks"] = tick_table(row) if row else ""
        response: Any = super().render_change_form(request, context, *args, **options)
        if row is not None and not self.has_change_permission(request, row):
            response.template_name = "admin/tasks_core/record.html"
        return response  # type: ignore[no-any-return]

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Return what the API refuses after all, because another edit came first."""
        try:
            return super().changeform_view(request, *args, **options)
        except TasksCoreError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Write through the API; of an old one only what was edited."""
        if change:
            update_schedule(form.initial["name"], **form.wanted())
            return
        made = define(form.wanted(), replace=False)
        obj.pk, obj._state.adding = made.pk, False


def _typed_ticks(request: HttpRequest, stored: Schedule | None) -> SafeString:
    """Return the next times of a form that is being edited, or what is wrong with it."""
    draft = Schedule(anchor=stored.anchor if stored else clock.now())
    form = TimesForm(request.POST, instance=draft)
    if form.is_valid():
        return tick_table(form.instance)
    return problems([f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items()])
