"""Instants that are taken can be written in every zone and stored; the others are refused in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from tasks_core.engine.instants import EARLIEST, LATEST, InvalidInstant, checked_instant
from tests.support.instants import instants, zones


@given(instants, zones)
def test_what_is_taken_can_be_written_anywhere(value: datetime, zone: ZoneInfo) -> None:
    try:
        found = checked_instant(value)
    except InvalidInstant:
        assert not 1900 < value.year < 2999
        return
    assert found == value.astimezone(UTC)
    assert found.tzinfo is UTC
    assert EARLIEST <= found < LATEST
    assert (found.astimezone(zone) + timedelta(days=3660)).astimezone(UTC) > found


@pytest.mark.parametrize(
    "value",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=ZoneInfo("Europe/Berlin")),
        datetime.max.replace(tzinfo=UTC),
        datetime.fromisoformat("9999-12-31T23:59:59-05:00"),
        EARLIEST - timedelta(microseconds=1),
        LATEST,
    ],
)
def test_the_ends_of_the_calendar_are_refused(value: datetime) -> None:
    with pytest.raises(InvalidInstant, match="between the years 1900 and 2999"):
        checked_instant(value)


@pytest.mark.parametrize("value", [None, 0, "2026-07-01T09:00Z", datetime(2026, 7, 1).date()])  # noqa: DTZ001
def test_what_is_no_datetime_is_named(value: object) -> None:
    with pytest.raises(InvalidInstant, match=f"must be a datetime, not {type(value).__name__}"):
        checked_instant(value)
