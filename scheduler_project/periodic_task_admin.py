"""The admin page of periodic tasks: django-celery-beat's own, with what the platform makes of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.db import DataError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django_celery_beat import admin as celery_beat
from django_celery_beat.models import PeriodicTask

import tasks_core
from tasks_core.database_errors import is_servers_fault
from tasks_core.models import PeriodicTaskMirror, Schedule
from tasks_core.schedules.periodic_tasks.rows import read_rows

NEXT_RUN, PROBLEM = "schedule__next_fire_at", "problem"


def _each_alone(ids: Sequence[int]) -> list[PeriodicTask]:
    """Give rows in this order, with what the list shows of their mirrors."""
    rows = read_rows(ids)
    found: dict[int, Any] = {
        row.pk: row for row in [*rows.sound, *(row for row, _ in rows.unreadable)]
    }
    for mirror in PeriodicTaskMirror.objects.filter(pk__in=ids).select_related("schedule"):
        if row := found.get(mirror.pk):
            row.mirror_next_run = mirror.schedule and mirror.schedule.next_fire_at
            row.mirror_problem = mirror.problem
    for row, problem in rows.unreadable:
        found[row.pk].mirror_problem = problem
    return [found[pk] for pk in ids if pk in found]


class PeriodicTaskAdmin(celery_beat.PeriodicTaskAdmin):
    """Shows the next run and why a row does not run; running one by hand goes through the ledger too."""

    list_display = ("name", "enabled", "scheduler", "next_run", "last_run_at", "one_off", "problem")
    date_hierarchy = (
        None  # it asks for the first and the last of all, which may be none of Python's
    )
    readonly_fields = (*celery_beat.PeriodicTaskAdmin.readonly_fields, "next_run", "problem")
    fieldsets = (
        ("State", {"fields": ("next_run", "problem")}),
        *celery_beat.PeriodicTaskAdmin.fieldsets,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        """Bring what is known of each mirror along."""
        mirror = PeriodicTaskMirror.objects.filter(pk=OuterRef("pk"))
        rows: QuerySet[PeriodicTask] = (
            super()
            .get_queryset(request)
            .annotate(
                mirror_next_run=Subquery(mirror.values(NEXT_RUN)[:1]),
                mirror_problem=Subquery(mirror.values(PROBLEM)[:1]),
            )
        )
        return rows

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Show a row that cannot be read by its name and its problem, and the others as ever."""
        page: ChangeList = super().get_changelist_instance(request)
        try:
            page.result_list = list(page.result_list)
        except Exception as error:
            if is_servers_fault(error):
                raise
            page.result_list = _each_alone(list(page.result_list.values_list("pk", flat=True)))
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say why a row cannot be shown, on the page that shows the others."""
        try:
            page: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except DataError:
            # What was typed may be to blame as well, and that is an error of its own.
            unreadable = read_rows([int(object_id)]).unreadable if object_id else []
            if not unreadable:
                raise
            words = f"This row is not shown: {unreadable[0][1]}. Correct it in the database."
            self.message_user(request, words, level=messages.ERROR)
            return redirect("admin:django_celery_beat_periodictask_changelist")
        return page

    @admin.display(description="Next run", ordering="mirror_next_run", empty_value="-")
    def next_run(self, row: Any) -> datetime | None:
        """Return when its schedule fires next."""
        found: datetime | None = getattr(row, "mirror_next_run", None)
        return found

    @admin.display(description="Problem", empty_value="-")
    def problem(self, row: Any) -> str:
        """Return why it cannot be a schedule as it is."""
        return getattr(row, "mirror_problem", None) or ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leave out the warning that another scheduler should run: ours reads these rows."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            response.context_data["wrong_scheduler"] = False
        return response

    @admin.action(description="Enable selected tasks", permissions=["change"])
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Switch them on."""
        chosen = _named(queryset)
        super().enable_tasks(request, queryset)
        _log(request, chosen, "Enabled.")

    @admin.action(description="Disable selected tasks", permissions=["change"])
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Switch them off."""
        chosen = _named(queryset)
        super().disable_tasks(request, queryset)
        _log(request, chosen, "Disabled.")

    @admin.action(description="Toggle activity of selected tasks", permissions=["change"])
    def toggle_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Switch off those that are on, and on those that are off."""
        were_on, were_off = (_named(queryset.filter(enabled=enabled)) for enabled in (True, False))
        super().toggle_tasks(request, queryset)
        _log(request, were_on, "Disabled.")
        _log(request, were_off, "Enabled.")

    @admin.action(description="Run selected tasks", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Run them now, as their schedules would."""
        chosen = _named(queryset)
        schedules = dict(
            PeriodicTaskMirror.objects.filter(
                pk__in=list(chosen), problem="", schedule__in=Schedule.objects.existing()
            ).values_list("pk", "schedule__name")
        )
        for pk, schedule in schedules.items():
            tasks_core.trigger_now(schedule)
            _log(request, {pk: chosen[pk]}, "Run by hand.")
        if schedules:
            self.message_user(request, f"{len(schedules)} run now.")
        if left := len(chosen) - len(schedules):
            self.message_user(
                request,
                f"{left} did not run: a row must be switched on and understood, and beat must have seen it.",
                level=messages.ERROR,
            )


def _named(queryset: QuerySet[PeriodicTask]) -> dict[int, str]:
    """Return the names of rows by their keys; whole rows may be ones that cannot be read.

    Read before a row is changed: afterwards the filters of the list may no longer find it.
    """
    return dict(queryset.values_list("pk", "name"))


def _log(request: HttpRequest, rows: Mapping[int, str], deed: str) -> None:
    """Add to the history of each row who did this."""
    content_type = ContentType.objects.get_for_model(PeriodicTask)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=int(str(request.user.pk)),
            content_type=content_type,
            object_id=str(pk),
            object_repr=name[:200],
            action_flag=CHANGE,
            change_message=deed,
        )
        for pk, name in rows.items()
    )
