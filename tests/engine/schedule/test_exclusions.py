"""Exclusion calendars, and how they are stored."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tasks_core.engine.schedule import (
    Cron,
    CronExpression,
    Excluding,
    Exclusions,
    InvalidCron,
    InvalidExclusions,
    zone_named,
)

AUCKLAND = zone_named("Pacific/Auckland")


def times_left(exclusions: Exclusions, cron: str, start: str, end: str) -> list[str]:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=AUCKLAND) for text in (start, end))
    schedule = Excluding(Cron(CronExpression.parse(cron), AUCKLAND), exclusions)
    ticks = schedule.ticks(first - timedelta(seconds=1), last)
    return [f"{tick.local:%d %H:%M}" for tick in ticks if tick.withheld is None]


def test_days_are_those_of_the_zone() -> None:
    christmas = Exclusions(dates=frozenset({date(2026, 12, 25)}))
    left = times_left(christmas, "0 */8 * * *", "2026-12-24T16:00", "2026-12-26T00:00")
    assert left == ["24 16:00", "26 00:00"]


def test_ranges_of_days_include_both_ends() -> None:
    holidays = Exclusions(date_ranges=((date(2026, 12, 24), date(2026, 12, 26)),))
    left = times_left(holidays, "0 23 * * *", "2026-12-22T00:00", "2026-12-28T00:00")
    assert left == ["22 23:00", "23 23:00", "27 23:00"]


@pytest.mark.parametrize(
    "period",
    [
        ("2026-06-01T09:00", "2026-06-01T11:00"),
        ("2026-06-01T09:00+12:00", "2026-06-01T11:00+12:00"),
        ("2026-05-31T21:00Z", "2026-05-31T23:00Z"),
    ],
)
def test_periods_are_wall_clock_times_or_instants_and_leave_their_end(
    period: tuple[str, str],
) -> None:
    start, end = (datetime.fromisoformat(text) for text in period)
    left = times_left(
        Exclusions(periods=((start, end),)), "0 * * * *", "2026-06-01T08:00", "2026-06-01T12:00"
    )
    assert left == ["01 08:00", "01 11:00", "01 12:00"]


def test_weekends_are_excluded_to_the_second() -> None:
    weekends = Exclusions(crons=(CronExpression.parse("* * * * sat,sun"),))
    left = times_left(weekends, "30 0 12 * * *", "2026-06-05T00:00", "2026-06-09T00:00")
    assert left == ["05 12:00", "08 12:00"]


def test_a_calendar_survives_being_stored() -> None:
    calendar = Exclusions(
        dates=frozenset({date(2026, 12, 25), date(2026, 1, 1)}),
        date_ranges=((date(2026, 7, 1), date(2026, 7, 31)),),
        periods=(
            (datetime(2026, 6, 1, 9), datetime(2026, 6, 1, 11)),  # noqa: DTZ001
            (datetime(2026, 6, 2, 9, tzinfo=UTC), datetime(2026, 6, 2, 11, tzinfo=UTC)),
        ),
        crons=(CronExpression.parse("* * * * sat,sun"),),
    )
    assert Exclusions.from_json(json.loads(json.dumps(calendar.to_json()))) == calendar
    assert Exclusions.from_json({}) == Exclusions()
    assert calendar
    assert not Exclusions()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"days": []}, '"days" is not known, there are dates, date_ranges, periods, crons'),
        ({"dates": "2026-12-24"}, "must be a list"),
        ({"dates": ["24.12.2026"]}, 'dates: "24.12.2026" is no date, write it as 2026-12-24'),
        ({"dates": [20261224]}, "must be a text"),
        ({"date_ranges": [["2026-12-24"]]}, "must be a list of two"),
        ({"date_ranges": [["2026-12-24", "2026-12-01"]]}, "must end after it starts"),
        ({"periods": [["2026-12-24T18:00", "2026-12-24T18:00"]]}, "must end after it starts"),
        ({"periods": [["2026-12-24T18:00", "2026-12-25T18:00Z"]]}, "on both sides or on neither"),
        ({"periods": [["soon", "later"]]}, 'periods: "soon" is no time'),
    ],
)
def test_wrong_entries_are_named(data: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidExclusions) as caught:
        Exclusions.from_json(data)
    assert message in str(caught.value)


def test_wrong_expressions_are_named() -> None:
    with pytest.raises(InvalidCron, match="hours are 0 to 23"):
        Exclusions.from_json({"crons": ["* 24 * * *"]})
