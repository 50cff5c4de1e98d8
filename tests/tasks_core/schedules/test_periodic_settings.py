"""Entries of CELERY_BEAT_SCHEDULE: they are periodic tasks like any other."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from celery.schedules import crontab
from django_celery_beat.models import PeriodicTask

from tasks_core.models import Schedule
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tasks_core.schedules.periodic_tasks.settings_entries import adopt_settings_entries

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def entries() -> Iterator[dict[str, Any]]:
    before = current_app.conf.beat_schedule
    current_app.conf.beat_schedule = {
        "nightly": {"task": "shop.count", "schedule": crontab(hour=3, minute=30), "args": (1,)},
        "often": {
            "task": "shop.poll",
            "schedule": timedelta(seconds=20),
            "options": {"queue": "q"},
        },
        "broken": {"task": "shop.no", "schedule": object()},
    }
    yield current_app.conf.beat_schedule
    current_app.conf.beat_schedule = before


def test_each_entry_becomes_a_periodic_task_and_a_schedule(
    entries: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert adopt_settings_entries() == 2
    follow()

    rows = dict(PeriodicTask.objects.values_list("name", "task"))
    assert rows == {"nightly": "shop.count", "often": "shop.poll"}
    assert set(Schedule.objects.values_list("name", "expression")) == {
        ("nightly", "30 3 * * *"),
        ("often", "every 20 s"),
    }
    assert "'broken' of CELERY_BEAT_SCHEDULE cannot be read" in caplog.text


def test_the_settings_win_and_nothing_is_doubled(entries: dict[str, Any]) -> None:
    adopt_settings_entries()
    PeriodicTask.objects.filter(name="nightly").update(args="[2]")
    entries["nightly"]["args"] = (3,)
    adopt_settings_entries()

    assert PeriodicTask.objects.get(name="nightly").args == "[3]"
    assert PeriodicTask.objects.count() == 2


def test_entry_that_the_database_refuses_stops_no_other(entries: dict[str, Any]) -> None:
    current_app.conf.beat_schedule = {"n" * 300: entries["often"], **entries}
    assert adopt_settings_entries() == 2
