"""What a round of the generator and one of firing cost in statements, however many schedules there are."""

from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.models import Occurrence, Schedule
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tests.support.counting import statements
from tests.support.life import plain_type
from tests.tasks_core.schedules.ticking import MINUTE, START, every_minute

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.parametrize("count", [1, 20]),
]

PAUSED = START + 1.5 * MINUTE


def _make(count: int, **options: Any) -> None:
    plain_type()
    with clock.frozen(START):
        for number in range(count):
            every_minute(name=f"minutely-{number}", **options)


def test_round_of_the_generator_costs_six(count: int) -> None:
    _make(count, max_runs=1_000)
    later = START + 120 * MINUTE
    with clock.frozen(later), statements(6):  # limit, choose, known, overdue, add, extend
        assert generate() == count

    assert not Schedule.objects.filter(generated_until__lte=later).exists()
    assert Occurrence.objects.overdue(later).count() == 120 * count


def test_round_of_firing_costs_six(count: int) -> None:
    _make(count)
    with clock.frozen(START + MINUTE), statements(6):  # limit, choose, count, ticks, settle, next
        assert fire() == count


def test_round_in_which_pauses_end_costs_one_more(count: int) -> None:
    _make(count)
    with clock.frozen(START):
        for schedule in Schedule.objects.all():
            tasks_core.pause_schedule(schedule.name, reason="quiet", resume_at=PAUSED)
    with clock.frozen(START + 2 * MINUTE), statements(7):
        assert fire() == 2 * count

    assert not Schedule.objects.paused().exists()


def test_round_in_which_ticks_meet_the_last_ones_costs_two_more(count: int) -> None:
    _make(count, overlap="skip")
    with clock.frozen(START + MINUTE), statements(8):
        assert fire() == count
    with clock.frozen(START + 2 * MINUTE), statements(8):
        assert fire() == count

    assert Occurrence.objects.filter(outcome="skipped_overlap").count() == count
