"""The nights when clocks are changed, 2026 and 2027, from hand-written tables.

New York    8 March 2026, 14 March 2027, 02:00 to 03:00; 1 and 7 November, 02:00 back to 01:00
Berlin      29 March 2026, 28 March 2027, 02:00 to 03:00; 25 and 31 October, 03:00 back to 02:00
Lord Howe   5 April 2026, 4 April 2027, 02:00 back to 01:30; 4 and 3 October, 02:00 to 02:30
Chatham     5 April 2026, 4 April 2027, 03:45 back to 02:45; 27 and 26 September, 02:45 to 03:45
St John's   as New York, on half hours from UTC
Kolkata     none
"""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_core.engine.schedule import (
    Cron,
    CronExpression,
    DstPolicy,
    FoldPolicy,
    GapPolicy,
    zone_named,
)

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
LORD_HOWE, CHATHAM = "Australia/Lord_Howe", "Pacific/Chatham"
ST_JOHNS, KOLKATA = "America/St_Johns", "Asia/Kolkata"

# Zone, expression, from, to (UTC, both included), then what is due: UTC, and what clocks show there.
# A "-" in front: not run, on record as skipped_dst.
DEFAULT = [
    # The times that are left out are due when the gap ends.
    (NEW_YORK, "30 2 * * *", "2026-03-07T12", "2026-03-09T12", "08T07:00=03:00 09T06:30=02:30"),
    (NEW_YORK, "0 2 * * *", "2027-03-13T12", "2027-03-14T12", "14T07:00=03:00"),
    (NEW_YORK, "15,45 2 * * *", "2026-03-08T00", "2026-03-08T12", "08T07:00=03:00"),
    (NEW_YORK, "30 1,2,3 * * *", "2026-03-08T00", "2026-03-08T12",
     "08T06:30=01:30 08T07:00=03:00 08T07:30=03:30"),
    (BERLIN, "30 2 * * *", "2026-03-28T12", "2026-03-30T12", "29T01:00=03:00 30T00:30=02:30"),
    (BERLIN, "59 2 * * sun", "2027-03-28T00", "2027-03-28T12", "28T01:00=03:00"),
    (BERLIN, "0 2,3 * * *", "2026-03-29T00", "2026-03-29T12", "29T01:00=03:00"),
    (BERLIN, "*/20 2 * * *", "2026-03-29T00", "2026-03-29T12", "29T01:00=03:00"),
    (BERLIN, "0 */2 * * *", "2026-03-28T23", "2026-03-29T04",
     "28T23:00=00:00 29T01:00=03:00 29T02:00=04:00 29T04:00=06:00"),
    (LORD_HOWE, "15 2 * * *", "2026-10-03T12", "2026-10-04T20", "03T15:30=02:30 04T15:15=02:15"),
    (LORD_HOWE, "45 2 * * *", "2026-10-03T12", "2026-10-03T20", "03T15:45=02:45"),
    (LORD_HOWE, "0 2 * * *", "2027-10-02T12", "2027-10-02T20", "02T15:30=02:30"),
    (CHATHAM, "30 2 * * *", "2026-09-26T10", "2026-09-26T20", "26T13:45=02:30"),
    (CHATHAM, "0 3 * * *", "2026-09-26T10", "2026-09-26T20", "26T14:00=03:45"),
    (CHATHAM, "45 2,3 * * *", "2027-09-25T10", "2027-09-25T20", "25T14:00=03:45"),
    (ST_JOHNS, "30 2 * * *", "2026-03-08T00", "2026-03-08T12", "08T05:30=03:00"),
    (ST_JOHNS, "1 0 * * *", "2027-03-13T12", "2027-03-15T12", "14T03:31=00:01 15T02:31=00:01"),
    # Of those that come twice the first is run.
    (NEW_YORK, "30 1 * * *", "2026-11-01T00", "2026-11-02T12",
     "01T05:30=01:30 -01T06:30=01:30 02T06:30=01:30"),
    (NEW_YORK, "0 1,2 * * *", "2027-11-07T00", "2027-11-07T12",
     "07T05:00=01:00 -07T06:00=01:00 07T07:00=02:00"),
    (BERLIN, "0,30 2 * * *", "2026-10-25T00", "2026-10-25T12",
     "25T00:00=02:00 25T00:30=02:30 -25T01:00=02:00 -25T01:30=02:30"),
    (BERLIN, "0 3 * * *", "2027-10-31T00", "2027-10-31T12", "31T02:00=03:00"),
    (BERLIN, "0 */2 * * *", "2026-10-24T22", "2026-10-25T03",
     "24T22:00=00:00 25T00:00=02:00 -25T01:00=02:00 25T03:00=04:00"),
    (LORD_HOWE, "45 1 * * *", "2026-04-04T12", "2026-04-05T20",
     "04T14:45=01:45 -04T15:15=01:45 05T15:15=01:45"),
    (LORD_HOWE, "15 1 * * *", "2027-04-03T12", "2027-04-03T20", "03T14:15=01:15"),
    (CHATHAM, "0 3 * * *", "2026-04-04T10", "2026-04-04T20", "04T13:15=03:00 -04T14:15=03:00"),
    (CHATHAM, "30 2,3 * * *", "2027-04-03T10", "2027-04-03T20",
     "03T12:45=02:30 03T13:45=03:30 -03T14:45=03:30"),
    (ST_JOHNS, "30 1 * * *", "2026-11-01T00", "2026-11-01T12", "01T04:00=01:30 -01T05:00=01:30"),
    (ST_JOHNS, "59 1 * * *", "2027-11-07T00", "2027-11-07T12", "07T04:29=01:59 -07T05:29=01:59"),
    # What covers every hour follows the clock around.
    (NEW_YORK, "0 * * * *", "2026-03-08T06", "2026-03-08T08",
     "08T06:00=01:00 08T07:00=03:00 08T08:00=04:00"),
    (NEW_YORK, "0 * * * *", "2026-11-01T05", "2026-11-01T07",
     "01T05:00=01:00 01T06:00=01:00 01T07:00=02:00"),
    (BERLIN, "*/30 * * * *", "2027-03-28T00", "2027-03-28T02",
     "28T00:00=01:00 28T00:30=01:30 28T01:00=03:00 28T01:30=03:30 28T02:00=04:00"),
    (BERLIN, "*/30 * * * *", "2026-10-25T00", "2026-10-25T02",
     "25T00:00=02:00 25T00:30=02:30 25T01:00=02:00 25T01:30=02:30 25T02:00=03:00"),
    (LORD_HOWE, "0 * * * *", "2026-10-03T14", "2026-10-03T17",
     "03T14:30=01:00 03T16:00=03:00 03T17:00=04:00"),
    (LORD_HOWE, "*/30 * * * *", "2026-10-03T15", "2026-10-03T16",
     "03T15:00=01:30 03T15:30=02:30 03T16:00=03:00"),
    (LORD_HOWE, "45 * * * *", "2027-04-03T14", "2027-04-03T17",
     "03T14:45=01:45 03T15:15=01:45 03T16:15=02:45"),
    (CHATHAM, "0 0-23 * * *", "2026-04-04T13", "2026-04-04T16",
     "04T13:15=03:00 04T14:15=03:00 04T15:15=04:00"),
    (ST_JOHNS, "0 * * * *", "2026-03-08T04", "2026-03-08T07",
     "08T04:30=01:00 08T05:30=03:00 08T06:30=04:00"),
    # Nothing happens where nothing is changed.
    (KOLKATA, "30 2 * * *", "2026-03-28T12", "2026-03-30T12", "28T21:00=02:30 29T21:00=02:30"),
    (KOLKATA, "30 2 * * *", "2026-10-24T12", "2026-10-26T12", "24T21:00=02:30 25T21:00=02:30"),
    (KOLKATA, "0 * * * *", "2027-03-28T00", "2027-03-28T02", "28T00:30=06:00 28T01:30=07:00"),
]  # fmt: skip

SKIP, LAST, BOTH = (
    DstPolicy(gap=GapPolicy.SKIP),
    DstPolicy(fold=FoldPolicy.LAST),
    DstPolicy(fold=FoldPolicy.BOTH),
)

OTHER_POLICIES = [
    (SKIP, BERLIN, "30 2 * * *", "2026-03-28T12", "2026-03-30T12",
     "-29T01:00=03:00 30T00:30=02:30"),
    (SKIP, BERLIN, "0,30 2,3 * * *", "2026-03-29T00", "2026-03-29T12",
     "29T01:00=03:00 29T01:30=03:30"),
    (SKIP, NEW_YORK, "15,45 2 * * *", "2027-03-14T00", "2027-03-14T12", "-14T07:00=03:00"),
    (SKIP, LORD_HOWE, "15 2 * * *", "2026-10-03T12", "2026-10-03T20", "-03T15:30=02:30"),
    (SKIP, CHATHAM, "0 3 * * *", "2026-09-26T10", "2026-09-26T20", "-26T14:00=03:45"),
    (SKIP, ST_JOHNS, "0 * * * *", "2026-03-08T04", "2026-03-08T06", "08T04:30=01:00 08T05:30=03:00"),
    (LAST, BERLIN, "30 2 * * *", "2026-10-25T00", "2026-10-25T12", "-25T00:30=02:30 25T01:30=02:30"),
    (LAST, NEW_YORK, "30 1 * * *", "2027-11-07T00", "2027-11-07T12",
     "-07T05:30=01:30 07T06:30=01:30"),
    (LAST, LORD_HOWE, "45 1 * * *", "2026-04-04T12", "2026-04-04T20",
     "-04T14:45=01:45 04T15:15=01:45"),
    (LAST, BERLIN, "0 * * * *", "2026-10-25T00", "2026-10-25T01", "25T00:00=02:00 25T01:00=02:00"),
    (BOTH, BERLIN, "30 2 * * *", "2027-10-31T00", "2027-10-31T12", "31T00:30=02:30 31T01:30=02:30"),
    (BOTH, CHATHAM, "0 3 * * *", "2027-04-03T10", "2027-04-03T20", "03T13:15=03:00 03T14:15=03:00"),
    (BOTH, ST_JOHNS, "30 1 * * *", "2026-11-01T00", "2026-11-01T12",
     "01T04:00=01:30 01T05:00=01:30"),
]  # fmt: skip

# Further back: days that islands left out, changes at 00:01, Ramadan, summer time twice over.
LONG_AGO = [
    ("Pacific/Apia", "0 9 * * *", "2011-12-29T12", "2011-12-31T12",
     "29T19:00=09:00 30T10:00=00:00 30T19:00=09:00"),
    ("Pacific/Kwajalein", "30 12 21 8 *", "1993-08-20T00", "1993-08-23T00", "21T12:00=00:00"),
    ("America/St_Johns", "1 0 * * *", "2006-04-01T12", "2006-04-02T12", "02T03:31=01:01"),
    ("America/St_Johns", "30 23 * * *", "2006-10-28T12", "2006-10-29T12",
     "29T02:00=23:30 -29T03:00=23:30"),
    ("Africa/Casablanca", "30 2 * * *", "2026-02-14T12", "2026-02-15T12",
     "15T01:30=02:30 -15T02:30=02:30"),
    ("Africa/Casablanca", "30 2 * * *", "2026-03-21T12", "2026-03-22T12", "22T02:00=03:00"),
    ("Europe/London", "30 2 * * *", "1947-04-12T12", "1947-04-13T12", "13T01:00=03:00"),
]  # fmt: skip


def hour(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def night(zone: str, expression: str, start: str, end: str, policy: DstPolicy) -> str:
    cron = Cron(CronExpression.parse(expression), zone_named(zone), policy)
    return " ".join(
        f"{'-' if tick.withheld else ''}{tick.due:%dT%H:%M}={tick.local:%H:%M}"
        for tick in cron.ticks(hour(start) - timedelta(seconds=1), hour(end))
    )


@pytest.mark.parametrize(("zone", "expression", "start", "end", "right"), DEFAULT)
def test_nights(zone: str, expression: str, start: str, end: str, right: str) -> None:
    assert night(zone, expression, start, end, DstPolicy()) == right


@pytest.mark.parametrize(("policy", "zone", "expression", "start", "end", "right"), OTHER_POLICIES)
def test_nights_by_other_policies(
    policy: DstPolicy, zone: str, expression: str, start: str, end: str, right: str
) -> None:
    assert night(zone, expression, start, end, policy) == right


@pytest.mark.parametrize(("zone", "expression", "start", "end", "right"), LONG_AGO)
def test_changes_of_other_kinds(
    zone: str, expression: str, start: str, end: str, right: str
) -> None:
    assert night(zone, expression, start, end, DstPolicy()) == right


def test_a_tick_out_of_a_gap_says_what_was_asked_for() -> None:
    cron = Cron(CronExpression.parse("*/20 2 * * *"), zone_named(BERLIN))
    tick = next(cron.ticks(hour("2026-03-29T00")))
    assert (tick.wall.hour, tick.wall.minute, tick.merged) == (2, 0, 2)
    assert tick.is_shifted
    assert not next(cron.ticks(tick.due)).is_shifted


def test_every_five_minutes_stays_every_five_minutes() -> None:
    cron = Cron(CronExpression.parse("*/5 * * * *"), zone_named(BERLIN))
    for start in ("2026-03-28T20", "2026-10-24T20"):
        due = [tick.due for tick in cron.ticks(hour(start), hour(start) + timedelta(hours=10))]
        assert due == [hour(start) + timedelta(minutes=5 * n) for n in range(1, 121)]
