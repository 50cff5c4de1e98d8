"""The rules of the circuit breaker."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.breaker import (
    Breaker,
    BreakerRule,
    BreakerState,
    after_failure,
    after_success,
    probed,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RULE = BreakerRule(threshold=3, pause=30, longest_pause=100)


def failed(breaker: Breaker, times: int, now: datetime = NOW) -> Breaker:
    for _ in range(times):
        breaker = after_failure(breaker, RULE, now=now)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    assert failed(Breaker(), 2).state is BreakerState.CLOSED
    opened = failed(Breaker(), 3)
    assert opened.state is BreakerState.OPEN
    assert opened.until == NOW + timedelta(seconds=30)


def test_a_success_in_between_begins_the_count_anew() -> None:
    assert failed(after_success(failed(Breaker(), 2)), 2).state is BreakerState.CLOSED


def test_failures_of_attempts_under_way_do_not_prolong_the_pause() -> None:
    opened = failed(Breaker(), 3)
    assert failed(opened, 20, NOW + timedelta(seconds=20)) == opened


def test_a_probe_is_due_when_the_pause_is_over_and_only_one() -> None:
    opened = failed(Breaker(), 3)
    assert not opened.is_probe_due(NOW + timedelta(seconds=29))
    later = NOW + timedelta(seconds=30)
    assert opened.is_probe_due(later)
    probing = probed(opened, now=later, patience=20)
    assert probing.state is BreakerState.HALF_OPEN
    assert not probing.is_probe_due(later + timedelta(seconds=19))


def test_a_probe_that_is_lost_makes_way_for_another() -> None:
    probing = probed(failed(Breaker(), 3), now=NOW, patience=20)
    assert probing.is_probe_due(NOW + timedelta(seconds=20))


def test_a_probe_that_succeeds_closes_it() -> None:
    assert after_success(probed(failed(Breaker(), 3), now=NOW, patience=20)) == Breaker()


def test_each_probe_that_fails_doubles_the_pause_up_to_the_limit() -> None:
    breaker, pauses = failed(Breaker(), 3), []
    for _ in range(4):
        assert breaker.until is not None
        pauses.append((breaker.until - NOW).total_seconds())
        breaker = failed(probed(breaker, now=NOW, patience=20), 1)
    assert pauses == [30, 60, 100, 100]


def test_a_closed_breaker_needs_no_probe() -> None:
    assert not Breaker().is_probe_due(NOW)


@given(st.lists(st.sampled_from(["success", "failure", "probe"])))
def test_whatever_happens_a_success_closes_it(steps: list[str]) -> None:
    breaker = Breaker()
    for step in steps:
        if step == "success":
            breaker = after_success(breaker)
        elif step == "failure":
            breaker = after_failure(breaker, RULE, now=NOW)
        else:
            breaker = probed(breaker, now=NOW, patience=1)
    assert after_success(breaker).state is BreakerState.CLOSED


@pytest.mark.parametrize(("threshold", "pause", "longest"), [(0, 1, 1), (1, 0, 1), (1, 5, 1)])
def test_a_rule_that_makes_no_sense_is_refused(
    threshold: int, pause: float, longest: float
) -> None:
    with pytest.raises(ValueError, match="threshold must be at least 1"):
        BreakerRule(threshold=threshold, pause=pause, longest_pause=longest)
