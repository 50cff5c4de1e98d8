"""Quiet hours against an oracle that looks at the recipient's clock every minute (guarantee 14)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.rules.quiet_hours import (
    Window,
    is_quiet,
    opens_at,
    parse_window,
    release_at,
)

pytestmark = pytest.mark.guarantee(n=14)

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # changed its clocks at midnight
    "Australia/Lord_Howe",  # changes them by half an hour
    "Antarctica/Troll",  # by two hours
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",  # left out the 30th of December 2011
]
NIGHTS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin and Troll, forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),  # Sao Paulo
    datetime(2018, 2, 18, 2, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia
    datetime(2026, 6, 15, 12, tzinfo=UTC),
]


def oracle(window: Window, zone: ZoneInfo, now: datetime) -> datetime:
    """Go on minute by minute until the clock shows a time outside of the window."""
    at = now
    while window.covers(at.astimezone(zone).time()):
        at = at.replace(second=0, microsecond=0) + MINUTE
    return at


times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
windows = st.builds(Window, times, times).filter(lambda window: window.start != window.end)
moments = st.builds(
    lambda night, seconds: night + timedelta(seconds=seconds),
    st.sampled_from(NIGHTS),
    st.integers(-30 * 3600, 30 * 3600),
)


@given(window=windows, zone=st.sampled_from(ZONES), now=moments)
@example(Window(time(22), time(2, 30)), "Europe/Berlin", datetime(2026, 3, 28, 22, tzinfo=UTC))
@example(Window(time(2, 30), time(4)), "Europe/Berlin", datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
@example(Window(time(8), time(7, 59)), "Pacific/Apia", datetime(2011, 12, 29, 20, tzinfo=UTC))
def test_the_window_opens_when_a_clock_watched_by_the_minute_says_so(
    window: Window, zone: str, now: datetime
) -> None:
    found = opens_at(window, ZoneInfo(zone), now)
    expected = oracle(window, ZoneInfo(zone), now)
    assert (found or now) == expected
    assert (found is None) == (not is_quiet(window, ZoneInfo(zone), now))


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        # An ordinary night, over midnight.
        ("22:00-08:00", "2026-06-15T23:30+02:00", "2026-06-16T08:00+02:00"),
        ("22:00-08:00", "2026-06-16T07:59+02:00", "2026-06-16T08:00+02:00"),
        ("22:00-08:00", "2026-06-16T08:00+02:00", None),
        ("22:00-08:00", "2026-06-16T21:59+02:00", None),
        # Within a day.
        ("12:00-14:00", "2026-06-15T13:00+02:00", "2026-06-15T14:00+02:00"),
        # The short night: nine hours instead of ten.
        ("22:00-08:00", "2026-03-28T22:00+01:00", "2026-03-29T08:00+02:00"),
        # The end is skipped: it opens when clocks have passed it.
        ("22:00-02:30", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"),
        # The long night.
        ("22:00-08:00", "2026-10-24T22:00+02:00", "2026-10-25T08:00+01:00"),
        # The hour that comes twice is quiet twice.
        ("02:00-02:45", "2026-10-25T02:30+02:00", "2026-10-25T02:45+02:00"),
        ("02:00-02:45", "2026-10-25T02:10+01:00", "2026-10-25T02:45+01:00"),
        # Clocks are set back out of the window.
        ("02:30-04:00", "2026-10-25T02:45+02:00", "2026-10-25T02:00+01:00"),
    ],
)
def test_nights_in_berlin(window: str, now: str, opens: str | None) -> None:
    parsed = parse_window(window)
    assert parsed is not None
    found = opens_at(parsed, BERLIN, datetime.fromisoformat(now))
    assert found == (datetime.fromisoformat(opens) if opens else None)


@pytest.mark.parametrize("text", ["", "off"])
def test_no_window(text: str) -> None:
    assert parse_window(text) is None


@pytest.mark.parametrize(
    "text", ["22-8", "22:00-24:00", "22:00-08:00 ", "8:00-9:00", "08:00-08:00"]
)
def test_what_is_no_window_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 22:00-08:00|leave at least a minute"):
        parse_window(text)


OPENS = datetime(2026, 6, 16, 6, tzinfo=UTC)


@given(key=st.text(), jitter=st.floats(0, 7200), life=st.floats(0.001, 10_000) | st.none())
def test_releases_lie_within_the_jitter_and_before_the_expiry(
    key: str, jitter: float, life: float | None
) -> None:
    expires_at = None if life is None else OPENS + timedelta(seconds=life)
    found = release_at(OPENS, key=key, jitter=jitter, expires_at=expires_at)
    assert OPENS <= found <= OPENS + timedelta(seconds=jitter)
    assert expires_at is None or found < expires_at
    assert found == release_at(OPENS, key=key, jitter=jitter, expires_at=expires_at)


def test_releases_of_many_are_spread_evenly() -> None:
    released = [release_at(OPENS, key=f"recipient-{n}", jitter=600) for n in range(6_000)]
    minutes = [int((at - OPENS).total_seconds() // 60) for at in released]
    assert all(450 < minutes.count(minute) < 750 for minute in range(10))
