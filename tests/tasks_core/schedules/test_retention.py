"""The ledger is kept for a time, and nothing of it for ever."""

from datetime import timedelta

import pytest
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.duties.pruning import prune_ledger
from tasks_core.models import Backfill, Occurrence, Schedule
from tests.support.life import plain_type
from tests.tasks_core.schedules.ticking import MINUTE, START, beat, every_minute

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def ten_days(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEDGER_RETENTION_DAYS": 10.0}
    plain_type()


def _prune(days: float) -> None:
    with clock.frozen(START + timedelta(days=days)):
        while prune_ledger(limit=2):
            pass


def test_settled_ticks_go_by_age_and_open_ones_stay() -> None:
    with clock.frozen(START):
        schedule = every_minute()
    for minutes in range(1, 6):
        beat(START + minutes * MINUTE)

    _prune(9)
    assert schedule.occurrences.filter(outcome="fired").count() == 5
    _prune(11)
    assert not schedule.occurrences.filter(outcome="fired").exists()
    assert schedule.occurrences.upcoming().count() >= 100


def test_deleted_schedule_goes_with_the_last_of_its_ticks() -> None:
    with clock.frozen(START):
        every_minute()
    beat(START + MINUTE)
    with clock.frozen(START + 2 * MINUTE):
        tasks_core.backfill("minutely", START, START + MINUTE)
        tasks_core.delete_schedule("minutely")

    _prune(9)
    assert Schedule.objects.count() == 1
    _prune(11)
    assert not Schedule.objects.exists()
    assert not Occurrence.objects.exists()
    assert not Backfill.objects.exists()
