"""The summary of a task's events that are not stored any more, on the task's page."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tasks_core.admin.tasks.timeline import TITLES
from tasks_core.admin.toolkit.badges import badge, state_badge
from tasks_core.admin.toolkit.moments import moment_in_full
from tasks_core.admin.toolkit.record import Panel
from tasks_core.engine.states import EventKind
from tasks_core.models import TaskHistory


def history_panels(task_id: int, now: datetime) -> list[Panel]:
    """Return the panel about a task's earlier events, if there were any."""
    history = TaskHistory.objects.filter(pk=task_id).first()
    if history is None:
        return []
    total = sum(history.counts.values())
    return [Panel("history", "Earlier events", _summary(history, now), count=total)]


def _summary(history: TaskHistory, now: datetime) -> SafeString:
    context = {
        "first": moment_in_full(history.first_at, now),
        "last": moment_in_full(history.last_at, now),
        "state": state_badge(history.state) if history.state else "",
        "attempts": history.attempts,
        "returned": history.attempts_returned,
        "kinds": [
            _counted(kind, history.counts[kind]) for kind in EventKind if kind in history.counts
        ],
        "error": history.error,
        "failed": moment_in_full(history.failed_at, now) if history.failed_at else "",
    }
    return render_to_string("admin/tasks_core/history.html", context)


def _counted(kind: EventKind, count: int) -> SafeString:
    return badge(f"{count:,} {kind.value.replace('_', ' ')}", TITLES[kind][1])
