"""Can the periodic tasks of django-celery-beat be understood?"""

from collections.abc import Iterator

from django.apps import apps

from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.models import PeriodicTaskMirror

report = Reporter("periodic-tasks")
SHOWN = 10


def look() -> Iterator[Finding]:
    """Tell which ones do not run, and why."""
    if not apps.is_installed("django_celery_beat"):
        yield report.healthy("django-celery-beat is not installed")
        return
    from django_celery_beat.models import PeriodicTask

    problems = dict(
        PeriodicTaskMirror.objects.exclude(problem="").values_list("pk", "problem")[:SHOWN]
    )
    names = dict(PeriodicTask.objects.filter(pk__in=problems).values_list("pk", "name"))
    for pk, name in names.items():
        yield report.degraded(
            f"periodic task {name} ({pk}) does not run: {problems[pk]}",
            f"edit it in the admin (Periodic tasks, number {pk}), or switch it off there",
        )
    if not names:
        yield report.healthy("all that are switched on are understood")
