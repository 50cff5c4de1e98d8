"""What is to come of a schedule, with the next change of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasks_core.exceptions import InvalidSchedule
from tasks_core.models import Schedule
from tasks_core.schedules.foresight import (
    ClockChange,
    Foresight,
    Line,
    foresee,
    next_clock_change,
    remark,
    remark_on_change,
)

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def schedule(expression: str, zone: str = "Europe/Berlin", **fields: object) -> Schedule:
    return Schedule(expression=expression, timezone=zone, anchor=MARCH, **fields)


def words(lines: list[Line]) -> list[str]:
    return [
        remark_on_change(line)
        if isinstance(line, ClockChange)
        else f"{line.local:%d. %H:%M} {remark(line)}".strip()
        for line in lines
    ]


@pytest.mark.parametrize(
    ("zone", "after", "at", "said"),
    [
        (
            "Europe/Berlin",
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            "clocks go from 02:00 (UTC+01:00) to 03:00 (UTC+02:00)",
        ),
        (
            "Europe/Berlin",
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            "clocks go from 03:00 (UTC+02:00) to 02:00 (UTC+01:00)",
        ),
        (
            "Australia/Lord_Howe",
            datetime(2026, 4, 1, 7, 13, 5, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            "clocks go from 02:00 (UTC+11:00) to 01:30 (UTC+10:30)",
        ),
    ],
)
def test_the_next_change_of_clocks_is_found_to_the_second(
    zone: str, after: datetime, at: datetime, said: str
) -> None:
    change = next_clock_change(ZoneInfo(zone), after)
    assert change is not None
    assert change.at == at
    assert remark_on_change(change) == said


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_some_zones_change_no_clocks(zone: str) -> None:
    assert next_clock_change(ZoneInfo(zone), MARCH) is None


def test_a_change_among_the_next_ticks_is_marked_where_it_happens() -> None:
    found = foresee(schedule("30 2 * * *"), count=4, after=datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert words(found.soon) == [
        "28. 02:30",
        "clocks go from 02:00 (UTC+01:00) to 03:00 (UTC+02:00)",
        "29. 03:00 shifted: clocks leave out 02:30:00",
        "30. 02:30",
        "31. 02:30",
    ]
    assert found.around_change == []


def test_ticks_around_a_change_that_is_further_off_are_shown_beside() -> None:
    found = foresee(schedule("30 2 * * *", gap_policy="skip"), count=3, after=MARCH)
    assert words(found.soon) == ["01. 02:30", "02. 02:30", "03. 02:30"]
    assert words(found.around_change) == [
        "27. 02:30",
        "28. 02:30",
        "clocks go from 02:00 (UTC+01:00) to 03:00 (UTC+02:00)",
        "29. 03:00 skipped: clocks leave out 02:30:00",
        "30. 02:30",
        "31. 02:30",
        "01. 02:30",
    ]


def test_a_time_that_comes_twice_is_shown_with_the_one_that_is_left_out() -> None:
    october = datetime(2026, 10, 1, tzinfo=UTC)
    found = foresee(schedule("30 2 * * *", fold_policy="last"), count=3, after=october)
    assert words(found.around_change)[1:5] == [
        "25. 02:30 skipped: clocks show this time twice",
        "clocks go from 03:00 (UTC+02:00) to 02:00 (UTC+01:00)",
        "25. 02:30",
        "26. 02:30",
    ]


def test_excluded_ticks_say_so() -> None:
    found = foresee(
        schedule("0 9 * * *", "UTC", exclusions={"dates": ["2026-03-02"]}), count=2, after=MARCH
    )
    assert words(found.soon) == ["01. 09:00", "02. 09:00 excluded by its calendar"]


def test_a_rare_schedule_and_a_frequent_one_are_both_foreseen_at_once() -> None:
    yearly = foresee(schedule("0 0 1 1 *"), count=2, after=MARCH)
    assert [line.at.year for line in yearly.soon if isinstance(line, ClockChange)] == [2026]
    secondly = foresee(schedule("every second", kind="interval"), count=2, after=MARCH)
    assert len(secondly.around_change) == 7


def test_nothing_is_foreseen_of_what_has_ended() -> None:
    ended = schedule("* * * * *", end_at=MARCH - timedelta(days=1))
    assert foresee(ended, count=5, after=MARCH) == Foresight([], [])


def test_what_cannot_be_understood_is_said() -> None:
    with pytest.raises(InvalidSchedule, match="hour"):
        foresee(schedule("0 25 * * *"), count=5, after=MARCH)
