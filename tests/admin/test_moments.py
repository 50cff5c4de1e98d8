"""Times are told as a person would."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_core.admin.toolkit.moments import moment, relative, span

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.0124, "12 ms"),
        (0.9996, "1 s"),
        (1, "1 s"),
        (3.44, "3.4 s"),
        (37.2, "37 s"),
        (90, "1.5 min"),
        (599.9, "10 min"),
        (7200, "2 h"),
        (86_400 * 5, "5 d"),
    ],
)
def test_spans_have_two_digits_that_matter(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_past_and_future_are_told_apart() -> None:
    assert relative(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert relative(NOW - timedelta(hours=3), NOW) == "3 h ago"
    assert relative(NOW, NOW) == "now"


def test_the_exact_instant_is_in_the_tooltip_in_utc() -> None:
    berlin = NOW.astimezone(tz=None)
    assert 'title="2026-11-21 09:00:00.000 UTC"' in moment(berlin, NOW)
    assert moment(None, NOW) == "-"
