"""Misfire and overlap: every tick gets one outcome, by policy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.schedule import (
    FINAL,
    MisfirePolicy,
    MisfireRule,
    OverlapPolicy,
    TickOutcome,
    on_overlap,
    settle,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHORT = {"F": "fired", "C": "caught_up", "o": "coalesced", "x": "skipped_misfire"}


def letters(ages: list[int], **rule: Any) -> str:
    """Settle ticks of so many minutes' age; return a letter for each outcome."""
    limits: dict[str, Any] = {
        name: timedelta(minutes=value) if name in {"grace", "max_age"} else value
        for name, value in rule.items()
    }
    overdue = [NOW - timedelta(minutes=age) for age in ages]
    words = {word: letter for letter, word in SHORT.items()}
    return "".join(words[outcome] for outcome in settle(overdue, NOW, MisfireRule(**limits)))


@pytest.mark.parametrize(
    ("policy", "limits", "ages", "right"),
    [
        ("skip", {}, [30, 20, 10], "xxx"),
        ("skip", {}, [30, 20, 1, 0], "xxFF"),
        ("run_once", {}, [30, 20, 10], "ooC"),
        ("run_once", {}, [10], "C"),
        ("run_once", {}, [30, 20, 1], "ooF"),
        ("run_once", {"max_age": 25}, [30, 20, 10], "xoC"),
        ("run_once", {"max_age": 5}, [30, 20, 10], "xxx"),
        ("run_once", {"max_age": 20}, [30, 20, 0], "xoF"),
        ("run_once", {"grace": 0}, [1, 0], "oF"),
        ("run_all", {}, [30, 20, 10, 1], "CCCF"),
        ("run_all", {"max_age": 20}, [30, 20, 10], "xCC"),
        ("run_all", {"max_count": 1}, [30, 20, 10, 0], "xxCF"),
        ("run_all", {"max_age": 20, "max_count": 5}, [30, 20, 10], "xCC"),
        ("run_all", {"grace": 60}, [30, 20, 10], "FFF"),
        ("skip", {}, [], ""),
    ],
)
def test_policies(policy: str, limits: dict[str, int], ages: list[int], right: str) -> None:
    assert letters(ages, policy=MisfirePolicy(policy), **limits) == right


ages_in_order = st.lists(st.integers(0, 100), unique=True).map(lambda ages: sorted(ages)[::-1])


@given(
    policy=st.sampled_from(MisfirePolicy),
    ages=ages_in_order,
    max_age=st.none() | st.integers(1, 100),
    max_count=st.none() | st.integers(1, 10),
)
def test_each_has_one_outcome_and_nothing_coalesces_into_nothing(
    policy: MisfirePolicy, ages: list[int], max_age: int | None, max_count: int | None
) -> None:
    limits = {"max_age": max_age, "max_count": max_count}
    found = letters(ages, policy=policy, **{k: v for k, v in limits.items() if v is not None})
    assert len(found) == len(ages)
    assert found.count("F") == sum(age <= 1 for age in ages)
    assert "o" not in found or found[-1] in "CF"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"grace": timedelta(seconds=-1)}, "grace must not be negative"),
        ({"max_age": timedelta(seconds=1)}, "max_age must be at least the grace"),
        ({"max_count": 0}, "max_count must be at least 1"),
    ],
)
def test_wrong_limits(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MisfireRule(**wrong)


def test_ticks_ahead_or_out_of_order_are_refused() -> None:
    minute = timedelta(minutes=1)
    with pytest.raises(ValueError, match="must lie in the past"):
        settle([NOW + minute], NOW, MisfireRule())
    with pytest.raises(ValueError, match="ascending order"):
        settle([NOW, NOW - minute], NOW, MisfireRule())


@pytest.mark.parametrize(
    ("policy", "alone", "running", "running_and_buffered", "buffered"),
    [
        ("allow", "fired", "fired", "fired", "fired"),
        ("skip", "fired", "skipped_overlap", "skipped_overlap", "skipped_overlap"),
        ("buffer_one", "fired", "buffered", "skipped_overlap", "skipped_overlap"),
        ("buffer_all", "fired", "buffered", "buffered", "buffered"),
        ("cancel_other", "fired", "buffered+cancel", "buffered+cancel+drop", "fired+drop"),
        ("terminate_other", "fired", "fired+terminate", "fired+terminate+drop", "fired+drop"),
    ],
)
def test_overlap(
    policy: str, alone: str, running: str, running_and_buffered: str, buffered: str
) -> None:
    def words(working: int, waiting: int) -> str:
        decision = on_overlap(OverlapPolicy(policy), running=working, buffered=waiting)
        parts = [decision.outcome, decision.running, "drop" if decision.drops_buffered else "keep"]
        return "+".join(part for part in parts if part != "keep")

    assert words(0, 0) == alone
    assert words(1, 0) == words(3, 0) == running
    assert words(1, 1) == words(2, 4) == running_and_buffered
    assert words(0, 1) == buffered


def test_overlap_of_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        on_overlap(OverlapPolicy.SKIP, running=-1, buffered=0)


def test_all_outcomes_but_two_are_final() -> None:
    assert set(TickOutcome) - FINAL == {TickOutcome.UPCOMING, TickOutcome.BUFFERED}
