"""Cron expressions: what is understood, and what errors say."""

from datetime import UTC, date, datetime
from itertools import islice

import pytest

from tasks_core.engine.schedule import Cron, CronExpression, InvalidCron, describe


def first_times(text: str, count: int = 3, *, both_days: bool = False) -> list[str]:
    cron = Cron(CronExpression.parse(text, both_days=both_days))
    ticks = cron.ticks(datetime(2026, 1, 1, tzinfo=UTC))
    return [f"{tick.due:%Y-%m-%d %H:%M:%S}" for tick in islice(ticks, count)]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 0 LW * *", "2026-01-30 2026-02-27 2026-03-31 2026-04-30 2026-05-29"),
        ("0 0 L * *", "2026-01-31 2026-02-28 2026-03-31"),
        ("0 0 1,L 2 *", "2026-02-01 2026-02-28 2027-02-01"),
        ("0 0 * * 5L", "2026-01-30 2026-02-27 2026-03-27"),
        ("0 0 * * friL", "2026-01-30 2026-02-27 2026-03-27"),
        ("0 0 * * L5", "2026-01-30 2026-02-27 2026-03-27"),
        ("0 0 * * mon#2,7#1", "2026-01-04 2026-01-12 2026-02-01"),
        ("0 0 * * mon#5", "2026-03-30 2026-06-29 2026-08-31"),
        ("0 0 * * fri-mon", "2026-01-02 2026-01-03 2026-01-04 2026-01-05 2026-01-09"),
        ("0 0 * * 7-2", "2026-01-04 2026-01-05 2026-01-06 2026-01-11"),
        ("0 0 * * 7-0", "2026-01-04 2026-01-11"),
        ("0 0 * * 1/2", "2026-01-02 2026-01-05 2026-01-07 2026-01-09 2026-01-12"),
        ("0 0 1 nov-feb *", "2026-02-01 2026-11-01 2026-12-01 2027-01-01 2027-02-01"),
        ("0 0 13 * fri", "2026-01-02 2026-01-09 2026-01-13"),
        ("0 0 */10 * fri", "2026-05-01 2026-07-31 2026-08-21"),
        ("0 0 29 2 *", "2028-02-29 2032-02-29"),
    ],
)
def test_days(text: str, days: str) -> None:
    right = days.split()
    assert [time[:10] for time in first_times(text, len(right))] == right


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("*/20 5 9 * * *", ["01-01 09:05:00", "01-01 09:05:20", "01-01 09:05:40"]),
        ("10,50 */30 * * * *", ["01-01 00:00:10", "01-01 00:00:50", "01-01 00:30:10"]),
        ("0 22-2/2 * * *", ["01-01 02:00:00", "01-01 22:00:00", "01-02 00:00:00"]),
        ("5/25 3 * * *", ["01-01 03:05:00", "01-01 03:30:00", "01-01 03:55:00"]),
        ("@hourly", ["01-01 01:00:00", "01-01 02:00:00", "01-01 03:00:00"]),
        ("@Daily", ["01-02 00:00:00", "01-03 00:00:00", "01-04 00:00:00"]),
        ("@midnight", ["01-02 00:00:00", "01-03 00:00:00", "01-04 00:00:00"]),
        ("@weekly", ["01-04 00:00:00", "01-11 00:00:00", "01-18 00:00:00"]),
        ("@monthly", ["02-01 00:00:00", "03-01 00:00:00", "04-01 00:00:00"]),
        ("@yearly", ["01-01 00:00:00", "01-01 00:00:00"]),
        ("@annually", ["01-01 00:00:00", "01-01 00:00:00"]),
    ],
)
def test_times(text: str, times: list[str]) -> None:
    assert [time[5:] for time in first_times(text, len(times))] == times


def test_both_days_must_match_if_asked_for() -> None:
    assert first_times("0 0 13 * fri", 2, both_days=True)[0][:10] == "2026-02-13"
    leap = first_times("0 0 29 2 mon", 2, both_days=True)
    assert [time[:10] for time in leap] == ["2044-02-29", "2072-02-29"]
    assert describe(CronExpression.parse("0 0 13 * fri", both_days=True)).endswith("match both")


def test_the_longest_wait_is_bridged() -> None:
    expression = CronExpression.parse("0 0 29 2 mon", both_days=True)
    assert list(islice(expression.days(date(2072, 3, 1)), 1)) == [date(2112, 2, 29)]


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("0 25 * * *", "hour", 'hour: "25" is out of range, hours are 0 to 23'),
        ("60 * * * *", "minute", 'minute: "60" is out of range, minutes are 0 to 59'),
        ("61 * * * * *", "second", 'second: "61" is out of range, seconds are 0 to 59'),
        ("0 0 0 * *", "day of month", '"0" is out of range, days of month are 1 to 31'),
        ("0 0 1 13 *", "month", '"13" is out of range, months are 1 to 12 or jan to dec'),
        ("0 0 * * 8", "day of week", "0 to 7 (0 and 7 are Sunday) or sun to sat"),
        ("0 0 * * monday", "day of week", '"monday" is not understood'),
        ("0 nine * * *", "hour", 'hour: "nine" is not understood'),
        ("0 9,,10 * * *", "hour", 'hour: "" lacks a value, hours are 0 to 23'),
        ("0 9- * * *", "hour", 'hour: "9-" lacks a value'),
        ("0 -9 * * *", "hour", 'hour: "-9" lacks a value'),
        ("*/0 * * * *", "minute", '"*/0" needs a whole number of at least 1 after the slash'),
        ("*/x * * * *", "minute", "after the slash"),
        ("*/90 * * * *", "minute", "there are 60 minutes"),
        ("0 0 15W * *", "day of month", "not supported; LW is the last weekday"),
        ("0 0 L/2 * *", "day of month", "which L cannot have"),
        ("0 0 L-3 * *", "day of month", '"l" is not understood'),
        ("0 0 ? * 2", "day of month", "write *"),
        ("0 0 * * L", "day of week", "friL"),
        ("0 0 * * mon#6", "day of week", "1 to 5 after #"),
        ("0 0 * * mon#x", "day of week", "1 to 5 after #"),
        ("0 0 * * xyz#1", "day of week", '"xyz" is not understood'),
        ("0 0 30 2 *", "day of month", '"30" never comes in month "2"'),
        ("0 0 31 apr,jun *", "day of month", '"31" never comes in month "apr,jun"'),
        ("* * * *", "expression", "has 4 fields; 5 are needed"),
        ("0 0 12 * * mon 2026", "expression", "has 7 fields"),
        ("", "expression", "has 0 fields"),
        ("@reboot", "expression", "enqueue the task where your process starts"),
        ("@every 5m", "expression", "is an interval"),
        ("@noon", "expression", "there are @hourly"),
        ("٣ * * * *", "minute", "is not understood"),
        ("0 " * 600, "expression", "more than 1000 characters"),
        ("9" * 300 + " * * * *", "minute", "is not understood"),
    ],
)
def test_errors_point_at_the_field(text: str, field: str, message: str) -> None:
    with pytest.raises(InvalidCron) as caught:
        CronExpression.parse(text)
    assert caught.value.field == field
    assert message in str(caught.value)


def test_two_days_that_never_meet() -> None:
    with pytest.raises(InvalidCron, match='never comes in month "2" on day of week "mon#1"'):
        CronExpression.parse("0 0 29 2 mon#1", both_days=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 9 * * mon-fri", "At 09:00 on Monday through Friday"),
        ("30 0 21 * * *", "At 21:00:30 every day"),
        ("*/10 * * * * *", "Every 10th second of every minute"),
        ("0 0 LW * *", "At 00:00 on the last weekday of every month"),
        ("0 9 * * fril", "At 09:00 on the last Friday of the month"),
        ("@hourly", "At the start of every hour"),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    assert describe(text) == words


def test_a_five_field_expression_covers_the_whole_minute() -> None:
    wall = datetime(2026, 1, 3, 9, 30, 17)  # noqa: DTZ001
    assert CronExpression.parse("30 9 * * sat").covers(wall)
    assert not CronExpression.parse("0 30 9 * * sat").covers(wall)
    assert CronExpression.parse("17 30 9 * * sat").covers(wall)
    assert not CronExpression.parse("30 9 * 2 sat").covers(wall)
