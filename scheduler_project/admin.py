"""Users, groups and the tables of Celery's Django apps, in the theme of the admin."""

from typing import Any

from celery.schedules import ParseException
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_celery_beat import admin as celery_beat
from django_celery_beat import models as schedules
from django_celery_results import admin as celery_results
from django_celery_results import models as results
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduler_project.periodic_task_admin import PeriodicTaskAdmin
from scheduler_project.unknown_zones import UnknownZone
from tasks_core.admin.toolkit import ModelAdmin
from tasks_core.engine.json_text import UnreadableJson, read_json

ABOUT_A_PERSON = frozenset({"username", "first_name", "last_name", "email"})


class TaskSelect(UnfoldAdminSelectWidget, celery_beat.TaskSelectWidget):
    """The list of Celery tasks, in the theme."""


class PeriodicTaskForm(celery_beat.PeriodicTaskForm):
    """django-celery-beat's form, in the theme."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["regtask"].widget = TaskSelect()
        self.fields["task"].widget = UnfoldAdminTextInputWidget()

    def _clean_json(self, field: str) -> str:
        """Refuse what nobody can read; django-celery-beat's own check fails at JSON nested without end."""
        value: str = self.cleaned_data[field]
        try:
            read_json(value)
        except UnreadableJson as error:
            raise forms.ValidationError(f"Unable to parse JSON: {error}") from None
        return value


class CrontabForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Explains what Celery cannot read though it passes the model's own check."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zone = self.instance.timezone
        if isinstance(zone, UnknownZone):  # else the page would propose the first of all
            field: Any = self.fields["timezone"]
            field.choices = [
                (zone.key, f"{zone.key} (this machine does not know it)"),
                *field.choices,
            ]

    def _post_clean(self) -> None:
        stored = {name: getattr(self.instance, name) for name in self.fields}
        try:
            super()._post_clean()  # type: ignore[misc] # Django's own hook
            _ = self.instance.human_readable  # which reads it as Celery will
        except ParseException as error:
            self.add_error(None, str(error))
            for name, value in stored.items():
                setattr(self.instance, name, value)  # the page reads the expression out


class PeriodicTaskInline(celery_beat.PeriodicTaskInline):
    """Lists the rows that use a schedule, and reads of them no more than it shows."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the instants out: one that nobody can read would close the page of the schedule."""
        rows: QuerySet[Model] = super().get_queryset(request)
        return rows.only(*self.fields, "interval", "crontab", "solar", "clocked")


def _themed(model: type[Model], plain: type[Any], **attributes: Any) -> None:
    """Register ``model`` again, its own admin class put on top of the theme's."""
    admin.site.unregister(model)
    themed = type(f"Themed{plain.__name__}", (plain, ModelAdmin), attributes)
    admin.site.register(model, themed)


_themed(
    User,
    UserAdmin,
    form=UserChangeForm,
    add_form=UserCreationForm,
    change_password_form=AdminPasswordChangeForm,
    values_off_record=ABOUT_A_PERSON,
)
_themed(Group, GroupAdmin)
_themed(schedules.PeriodicTask, PeriodicTaskAdmin, form=PeriodicTaskForm)
_with_rows = {"inlines": [PeriodicTaskInline]}
_themed(schedules.IntervalSchedule, celery_beat.IntervalScheduleAdmin, **_with_rows)
_themed(schedules.CrontabSchedule, celery_beat.CrontabScheduleAdmin, form=CrontabForm, **_with_rows)
_themed(schedules.SolarSchedule, celery_beat.SolarScheduleAdmin, **_with_rows)
_themed(schedules.ClockedSchedule, celery_beat.ClockedScheduleAdmin, **_with_rows)
_themed(results.TaskResult, celery_results.TaskResultAdmin)
_themed(results.GroupResult, celery_results.GroupResultAdmin)

admin.site.index_title = "Overview"
