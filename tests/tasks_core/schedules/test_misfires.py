"""Ticks that nobody fired in time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.schedules import firing
from tests.support.life import plain_type
from tests.tasks_core.schedules.ticking import (
    MINUTE,
    START,
    beat,
    every_minute,
    outcomes,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")

BACK = START + 10 * MINUTE + timedelta(seconds=30)


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"misfire": "skip"}, ["skipped_misfire"] * 9 + ["fired"]),
        ({"misfire": "run_once"}, ["coalesced"] * 9 + ["fired"]),
        ({"misfire": "run_once", "misfire_grace": 1}, ["coalesced"] * 9 + ["caught_up"]),
        ({"misfire": "run_all"}, ["caught_up"] * 9 + ["fired"]),
        (
            {"misfire": "run_all", "misfire_grace": 0, "misfire_max_count": 3},
            ["skipped_misfire"] * 7 + ["caught_up"] * 3,
        ),
        (
            {"misfire": "run_all", "misfire_grace": 0, "misfire_max_age": 149},
            ["skipped_misfire"] * 8 + ["caught_up"] * 2,
        ),
    ],
)
def test_policy_decides_after_an_absence(options: dict[str, Any], expected: list[str]) -> None:
    with clock.frozen(START):
        schedule = every_minute(**options)

    beat(BACK)

    assert outcomes(schedule, BACK) == expected
    ran = [o for o in expected if o in ("fired", "caught_up")]
    assert len(tasks_of(schedule)) == len(ran)


@pytest.mark.parametrize("misfire", ["skip", "run_once", "run_all"])
def test_more_ticks_than_one_transaction_holds_come_to_the_same(
    misfire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "TICKS", 4)
    with clock.frozen(START):
        schedule = every_minute(misfire=misfire, misfire_grace=0, misfire_max_count=3)

    beat(BACK)

    expected = {
        "skip": ["skipped_misfire"] * 10,
        "run_once": ["coalesced"] * 9 + ["caught_up"],
        "run_all": ["skipped_misfire"] * 7 + ["caught_up"] * 3,
    }
    assert outcomes(schedule, BACK) == expected[misfire]


@pytest.mark.parametrize(
    ("misfire", "missed"),
    [
        ("skip", ["skipped_misfire"] * 6),
        ("run_once", ["coalesced"] * 5 + ["caught_up"]),
        ("run_all", ["skipped_misfire"] * 3 + ["caught_up"] * 3),
    ],
)
@pytest.mark.parametrize("until", [None, START + timedelta(hours=1)])
def test_ticks_of_a_pause_in_a_later_transaction_stand_for_no_missed_one(
    misfire: str, missed: list[str], until: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "TICKS", 4)
    with clock.frozen(START):
        schedule = every_minute(misfire=misfire, misfire_grace=0, misfire_max_count=3)
    with clock.frozen(START + 6.5 * MINUTE):
        tasks_core.pause_schedule(schedule.name, reason="maintenance", resume_at=until)

    beat(BACK)

    assert outcomes(schedule, BACK) == [*missed, *["paused"] * 4]


def test_many_schedules_are_settled_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firing, "TICKS", 7)
    monkeypatch.setattr(firing, "SCHEDULES", 3)
    with clock.frozen(START):
        schedules = [every_minute(name=f"s{n}", misfire="run_all") for n in range(5)]

    beat(START + 5 * MINUTE)

    assert [len(tasks_of(schedule)) for schedule in schedules] == [5] * 5
