"""`check_platform` tells of periodic tasks that cannot be understood."""

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasks_core.health.finding import Level
from tasks_core.health.run import examine
from tasks_core.schedules.periodic_tasks.mirroring import follow

pytestmark = pytest.mark.django_db


def test_rows_that_cannot_be_understood_are_named_until_they_are_mended() -> None:
    interval = IntervalSchedule.objects.create(every=5, period="minutes")
    rows = [
        PeriodicTask.objects.create(name=name, task="shop.count", interval=interval, kwargs=kwargs)
        for name, kwargs in (("sound", "{}"), ("broken", "[]"))
    ]
    follow()
    (finding,) = examine(["periodic-tasks"])
    assert finding.level is Level.DEGRADED
    assert f"broken ({rows[1].pk}) does not run: kwargs must be a JSON object" in finding.message
    assert f"number {rows[1].pk}" in finding.remedy

    PeriodicTask.objects.filter(name="broken").update(kwargs="{}")
    follow()
    (finding,) = examine(["periodic-tasks"])
    assert finding.level is Level.HEALTHY
