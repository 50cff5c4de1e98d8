"""Filters of the list of tasks. Their choices come from memory, not from a search for distinct values."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_core import clock
from tasks_core.engine.states import FINAL, State
from tasks_core.events.queues import queue_names
from tasks_core.models import Lane, TaskTypeStatistics
from tasks_core.models.task import TaskQuerySet
from tasks_core.registry import task_types

Choices = list[tuple[str, str]]


class StateFilter(SimpleListFilter):
    """By state, in the way that the partial indexes are made for."""

    title = "state"
    parameter_name = "state__exact"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return all states."""
        return [(state.value, state.capitalize()) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks in the state."""
        value = self.value()
        if not value:
            return queryset
        found = queryset.filter(state=value)
        return found.filter(finished_at__isnull=False) if value in FINAL else found


class TypeFilter(SimpleListFilter):
    """By task type: those registered here, and those that workers have measured."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the known types."""
        measured = TaskTypeStatistics.objects.values_list("task_type", flat=True)
        return [(name, name) for name in sorted({*task_types(), *measured})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks of the type."""
        value = self.value()
        return queryset.filter(task_type=value) if value else queryset


class QueueFilter(SimpleListFilter):
    """By queue: those of registered types, and those that workers have served."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the known queues."""
        served = Lane.objects.values_list("queue_name", flat=True)
        return [(name, name) for name in sorted({*queue_names(), *served})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks of the queue."""
        value = self.value()
        return queryset.filter(queue_name=value) if value else queryset


WHEN: dict[str, tuple[str, Callable[[TaskQuerySet, datetime], QuerySet[Any]]]] = {
    "overdue": ("Due, not started", lambda tasks, now: tasks.overdue(now)),
    "later": ("Due later", lambda tasks, now: tasks.waiting().filter(run_after__gt=now)),
    "hour": ("Finished in the last hour", lambda tasks, now: _finished(tasks, now, hours=1)),
    "day": ("Finished in the last day", lambda tasks, now: _finished(tasks, now, days=1)),
    "week": ("Finished in the last week", lambda tasks, now: _finished(tasks, now, days=7)),
    "new-hour": ("Enqueued in the last hour", lambda tasks, now: _enqueued(tasks, now, hours=1)),
    "new-day": ("Enqueued in the last day", lambda tasks, now: _enqueued(tasks, now, days=1)),
}


class TimeFilter(SimpleListFilter):
    """By when it is due, was enqueued or finished."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        """Return the periods."""
        return [(name, title) for name, (title, _) in WHEN.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks of the period."""
        known = WHEN.get(self.value() or "")
        return known[1](cast(TaskQuerySet, queryset), clock.now()) if known else queryset


def _finished(tasks: TaskQuerySet, now: datetime, **age: float) -> QuerySet[Any]:
    return tasks.finished().filter(finished_at__gte=now - timedelta(**age))


def _enqueued(tasks: TaskQuerySet, now: datetime, **age: float) -> QuerySet[Any]:
    return tasks.filter(enqueued_at__gte=now - timedelta(**age))
