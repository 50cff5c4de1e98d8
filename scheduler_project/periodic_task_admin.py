"""The admin page of periodic tasks: django-celery-beat's own, with what the platform makes of each row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django_celery_beat import admin as celery_beat
from django_celery_beat.models import PeriodicTask

import tasks_core
from tasks_core.models import PeriodicTaskMirror, Schedule

READABLE = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""Instants that Python can hold; a list with any other closes the form that offers it."""

NEXT_RUN, PROBLEM = "schedule__next_fire_at", "problem"


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

    def in_place_of(self, key: int, problem: str) -> Any:
        """Show a row that cannot be read by its name and its problem."""
        row: Any = PeriodicTask.objects.only("name", "enabled").get(pk=key)
        mirror = PeriodicTaskMirror.objects.filter(pk=key).select_related("schedule").first()
        schedule = mirror and mirror.schedule
        shown: Any = PeriodicTask(pk=key, name=row.name, enabled=row.enabled)
        shown.mirror_next_run = schedule and schedule.next_fire_at
        shown.mirror_problem = problem
        return shown

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> "ModelChoiceField[Any] | None":
        """Offer no instant that cannot be read."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **options)
        if field is not None and db_field.name == "clocked":
            field.queryset = field.queryset.filter(clocked_time__range=READABLE)
        offered: ModelChoiceField[Any] | None = field
        return offered

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
