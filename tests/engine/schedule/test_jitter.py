"""Jitter is spread evenly, and is the same everywhere."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_core.engine.schedule import jitter_delay

DUE = datetime(2026, 6, 1, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_it_is_the_same_in_every_process_and_release() -> None:
    assert jitter_delay("report.daily", DUE, MINUTE) == timedelta(seconds=50.546806)


def test_it_is_spread_evenly() -> None:
    tenths = [0] * 10
    for number in range(10_000):
        tenths[int(jitter_delay(f"schedule-{number}", DUE, MINUTE) / MINUTE * 10)] += 1
    assert all(900 < count < 1100 for count in tenths)


def test_ticks_of_one_schedule_differ() -> None:
    delays = {jitter_delay("a", DUE + timedelta(days=day), MINUTE) for day in range(100)}
    assert len(delays) == 100


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="maximum must not be negative"):
        jitter_delay("a", DUE, -MINUTE)
    with pytest.raises(ValueError, match="due must be an aware datetime"):
        jitter_delay("a", DUE.replace(tzinfo=None), MINUTE)
