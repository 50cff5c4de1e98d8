"""Intervals and single instants."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from tasks_core.engine.schedule import (
    Bounded,
    Interval,
    InvalidInterval,
    InvalidZone,
    Once,
    parse_interval,
    zone_named,
)

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every 90 s", 90),
        ("90s", 90),
        ("every 2 s 500000 us", 2.5),
        ("every 1500000 microseconds", 1.5),
        ("every 15 minutes", 900),
        ("Every Hour", 3600),
        ("every 1 h 30 min", 5400),
        ("2 days, 3 hours and 1 second", 183601),
        ("every week", 604800),
        ("every second", 1),
    ],
)
def test_intervals_are_read(text: str, seconds: int) -> None:
    assert parse_interval(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("90", "is not understood"),
        ("", "is not understood"),
        ("every 1.5 h", "is not understood"),
        ("every 3 fortnights", 'unknown unit "fortnights"'),
        ("every 5 months", 'unknown unit "months"'),
        ("every 0 s", "out of range"),
        ("every 999999 us", "out of range"),
        ("every 4000 days", "out of range"),
    ],
)
def test_other_intervals_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInterval, match=message):
        parse_interval(text)


def test_intervals_keep_to_their_anchor_for_years() -> None:
    every = Interval(timedelta(seconds=7), anchor=NOON)
    later = NOON + timedelta(days=3000, milliseconds=1)
    for tick in islice(every.ticks(later), 3):
        assert (tick.due - NOON) % timedelta(seconds=7) == timedelta(0)


def test_intervals_reach_back_before_their_anchor() -> None:
    every = Interval(timedelta(hours=1), anchor=NOON)
    before = [tick.due for tick in every.ticks(NOON - timedelta(hours=2), NOON)]
    assert before == [NOON - timedelta(hours=1), NOON]


def test_an_hour_is_an_hour_also_when_clocks_are_changed() -> None:
    berlin = zone_named("Europe/Berlin")
    every = Interval(timedelta(hours=1), NOON, berlin)
    ticks = list(islice(every.ticks(NOON + timedelta(hours=12)), 3))
    assert [f"{tick.local:%H:%M}" for tick in ticks] == ["03:00", "04:00", "05:00"]
    assert [tick.due.hour for tick in ticks] == [1, 2, 3]


@pytest.mark.parametrize(
    "period", [timedelta(0), timedelta(milliseconds=999), timedelta(days=3661)]
)
def test_periods_out_of_range(period: timedelta) -> None:
    with pytest.raises(InvalidInterval, match="1 second to 3660 days"):
        Interval(period, NOON)


def test_once_is_once() -> None:
    once = Once(NOON, zone_named("Asia/Kolkata"))
    [tick] = once.ticks(NOON - timedelta(seconds=1))
    assert (tick.due, f"{tick.local:%H:%M}", tick.withheld) == (NOON, "17:30", None)
    assert [tick.due for tick in once.ticks(NOON - timedelta(1), NOON)] == [NOON]
    assert list(once.ticks(NOON)) == []
    assert list(once.ticks(NOON - timedelta(2), NOON - timedelta(1))) == []


def test_naive_instants_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="at must be an aware datetime"):
        Once(naive)
    with pytest.raises(ValueError, match="anchor must be an aware datetime"):
        Interval(timedelta(hours=1), naive)
    with pytest.raises(ValueError, match="after must be an aware datetime"):
        Once(NOON).ticks(naive)


def test_bounds_that_are_upside_down() -> None:
    with pytest.raises(ValueError, match="end must not lie before start"):
        Bounded(Once(NOON), NOON, NOON - timedelta(seconds=1))


def test_ticks_end_with_the_calendar() -> None:
    last = datetime(9899, 12, 1, tzinfo=UTC)
    assert [tick.due.day for tick in Interval(timedelta(days=20), last).ticks(last)] == [21]
    assert list(Once(NOON).ticks(datetime.max.replace(tzinfo=UTC))) == []


@pytest.mark.parametrize("name", ["Europe/Berln", "Europe", "", "../etc/passwd", "CEST+2"])
def test_unknown_zones(name: str) -> None:
    with pytest.raises(InvalidZone, match="is not known"):
        zone_named(name)


def test_unknown_zones_get_a_suggestion() -> None:
    with pytest.raises(InvalidZone, match="did you mean Europe/Berlin"):
        zone_named("Europe/Berln")
