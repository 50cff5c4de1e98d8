"""Mirrors are due when Celery's own schedules are; where clocks change, the differences are listed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django_celery_beat.models import ClockedSchedule, PeriodicTask, SolarSchedule

from tasks_core import clock
from tasks_core.schedules.recurrence import recurrence_of
from tests.tasks_core.schedules.periodic import crontab, interval, look, mirror_of, periodic

pytestmark = pytest.mark.usefixtures("transactional_db")

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)


def celery_ticks(row: PeriodicTask, start: datetime) -> Iterator[datetime]:
    """Yield when Celery runs it, if beat is never late."""
    schedule, last = row.schedule, start
    while True:
        schedule.nowfun = lambda at=last: at
        last = (last + schedule.remaining_estimate(last)).astimezone(UTC)
        yield last


def our_ticks(row: PeriodicTask, start: datetime) -> Iterator[datetime]:
    """Yield when its mirror is due, as the ledger would have it."""
    with clock.frozen(start):
        look(start)
    found = recurrence_of(mirror_of(row)).ticks(start)
    return (tick.due for tick in found if tick.withheld is None)


def within(ticks: Iterator[datetime], end: datetime) -> list[datetime]:
    return list(takewhile(lambda due: due <= end, ticks))


CRONTABS: list[dict[str, str]] = [
    {"minute": "*/7", "hour": "*/5"},
    {"minute": "3-59/8", "hour": "8-18/2", "day_of_week": "mon-fri"},
    {"minute": "0", "hour": "9", "day_of_week": "fri-mon"},
    {"minute": "5,10, 20", "hour": "22-3"},
    {"minute": "0", "hour": "0", "day_of_month": "1-7,15-21", "day_of_week": "1"},
    {"minute": "0", "hour": "12", "day_of_month": "13", "day_of_week": "fri"},
    {"minute": "30", "hour": "6", "day_of_month": "31"},
    {"minute": "30", "hour": "6", "day_of_month": "*/10", "month_of_year": "*/3"},
    {"minute": "59", "hour": "23", "month_of_year": "feb,nov-jan"},
    {"minute": "0", "hour": "0", "day_of_month": "29", "month_of_year": "2"},
    {"minute": "0", "hour": "4", "day_of_week": "*/2"},
    {"minute": "15", "hour": "7", "day_of_week": "sunday"},
]


@pytest.mark.parametrize("fields", CRONTABS, ids=lambda fields: " ".join(fields.values()))
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu"])
def test_crontab_is_due_when_celery_runs_it(fields: dict[str, str], zone: str) -> None:
    start = datetime(2026, 2, 25, 13, 37, 5, tzinfo=UTC)
    plain = {field: text.replace(" ", "") for field, text in fields.items()}
    row = periodic(start, crontab=crontab(**plain, timezone=ZoneInfo(zone)))
    ours = list(islice(our_ticks(row, start), 120))
    assert ours == list(islice(celery_ticks(row, start), 120))


SAME_ON_THESE_NIGHTS = [
    ("0", "*/3"),
    ("0", "9"),
    ("*/20", "0-1,3-23"),
    ("30", "1,4"),
]


@pytest.mark.parametrize(("minute", "hour"), SAME_ON_THESE_NIGHTS)
@pytest.mark.parametrize("start", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_crontab_outside_the_changed_hour_is_due_when_celery_runs_it(
    minute: str, hour: str, start: datetime
) -> None:
    row = periodic(start, crontab=crontab(minute, hour, timezone=BERLIN))
    end = start + 3 * DAY
    assert within(our_ticks(row, start), end) == within(celery_ticks(row, start), end)


def _at(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


DIFFERENCES: list[tuple[str, str, datetime, list[datetime], list[datetime]]] = [
    # 02:30 does not exist: Celery runs at 03:30, we at the first instant after the gap.
    ("30", "2", SPRING, [_at(3, 29, 1, 0)], [_at(3, 29, 1, 30)]),
    # Celery runs nothing in the hour that comes again, not even what runs all day long.
    ("*/30", "*", AUTUMN, [_at(10, 25, 1, 0), _at(10, 25, 1, 30)], []),
]


@pytest.mark.parametrize(("minute", "hour", "start", "only_ours", "only_celery"), DIFFERENCES)
def test_differences_in_the_changed_hour_are_these(
    minute: str,
    hour: str,
    start: datetime,
    only_ours: list[datetime],
    only_celery: list[datetime],
) -> None:
    row = periodic(start, crontab=crontab(minute, hour, timezone=BERLIN))
    end = start + 3 * DAY
    ours, theirs = within(our_ticks(row, start), end), within(celery_ticks(row, start), end)
    assert sorted(set(ours) - set(theirs)) == only_ours
    assert sorted(set(theirs) - set(ours)) == only_celery


def test_sunday_may_be_written_as_7() -> None:
    for weekdays, expected in {
        "7": "0",
        "5-7": "0,5-6",
        "1-7": "*",
        "0-7": "*",
        "1,7": "0-1",
    }.items():
        row = periodic(SPRING, weekdays, crontab=crontab("0", "9", day_of_week=weekdays))
        look(SPRING)
        assert mirror_of(row).expression == f"0 9 * * {expected}"


@pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize(
    ("every", "period"),
    [(90, "seconds"), (7, "minutes"), (5, "hours"), (2, "days"), (2_500_000, "microseconds")],
)
def test_interval_is_due_when_celery_runs_it(every: int, period: str, night: datetime) -> None:
    last = night + timedelta(minutes=3, microseconds=250)
    row = periodic(night, interval=interval(every, period), last_run_at=last)
    ours = list(islice(our_ticks(row, last + timedelta(microseconds=1)), 300))
    assert ours == list(islice(celery_ticks(row, last), 300))


def test_interval_with_a_start_is_counted_from_there() -> None:
    start = SPRING + timedelta(hours=5)
    row = periodic(SPRING, interval=interval(7, "hours"), start_time=start)
    ours = list(islice(our_ticks(row, SPRING), 3))
    assert ours == [start, start + timedelta(hours=7), start + timedelta(hours=14)]


def test_clocked_is_due_when_celery_runs_it() -> None:
    at = datetime(2026, 10, 25, 0, 30, 7, 125, tzinfo=UTC)
    row = periodic(AUTUMN, clocked=ClockedSchedule.objects.create(clocked_time=at), one_off=True)
    assert list(our_ticks(row, AUTUMN)) == [at] == list(islice(celery_ticks(row, AUTUMN), 1))


SOLAR: list[dict[str, Any]] = [
    {"event": "sunrise", "latitude": "52.520000", "longitude": "13.405000"},
    {"event": "dusk_civil", "latitude": "-31.550000", "longitude": "159.080000"},
    {"event": "solar_noon", "latitude": "40.712800", "longitude": "-74.006000"},
]


@pytest.mark.parametrize("place", SOLAR, ids=lambda place: place["event"])
def test_solar_is_due_within_a_second_of_when_celery_runs_it(place: dict[str, Any]) -> None:
    start = AUTUMN
    solar = SolarSchedule.objects.create(**place)
    row = PeriodicTask.objects.select_related("solar").get(pk=periodic(start, solar=solar).pk)
    ours = list(islice(our_ticks(row, start), 5))
    for due in ours:
        celery = row.schedule
        last = due - timedelta(hours=6)
        celery.nowfun = lambda last=last: last
        assert abs(last + celery.remaining_estimate(last) - due) <= timedelta(seconds=1)
    assert [later - earlier for earlier, later in pairwise(ours)] == [
        pytest.approx(DAY, abs=timedelta(minutes=4))
    ] * 4
