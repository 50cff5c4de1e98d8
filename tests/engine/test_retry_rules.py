"""Retry rules: how the delay grows, how it is capped and spread, and what a rule refuses."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.retry import (
    JITTERS,
    MAX_DELAY,
    Exponential,
    Fixed,
    Jitter,
    Linear,
    RetryRule,
    from_json,
)

seconds = st.floats(0, MAX_DELAY)
attempts = st.integers(1, 10**9)
jitters: st.SearchStrategy[Jitter] = st.sampled_from(("none", "full", "proportional"))
limits: dict[str, st.SearchStrategy[Any]] = {
    "max_attempts": st.integers(1, 10**6),
    "cap": seconds,
    "jitter": jitters,
    "jitter_ratio": st.floats(0, 1),
    "max_total_time": st.none() | seconds,
}
rules: st.SearchStrategy[RetryRule] = st.one_of(
    st.builds(Fixed, initial=seconds, **limits),
    st.builds(Linear, initial=seconds, step=seconds, **limits),
    st.builds(Exponential, initial=seconds, factor=st.floats(1, 100), **limits),
)


def _delays(rule: RetryRule, count: int) -> list[float]:
    return [rule.delay(attempt, Random(0)) for attempt in range(1, count + 1)]


def test_fixed_delay_stays_the_same() -> None:
    assert _delays(Fixed(initial=7), 4) == [7, 7, 7, 7]


def test_linear_delay_grows_by_its_step() -> None:
    assert _delays(Linear(initial=5, step=10), 4) == [5, 15, 25, 35]


def test_exponential_delay_grows_by_its_factor() -> None:
    assert _delays(Exponential(initial=2, factor=3), 4) == [2, 6, 18, 54]


def test_cap_bounds_every_delay() -> None:
    assert _delays(Exponential(initial=2, factor=10, cap=100), 4) == [2, 20, 100, 100]
    assert _delays(Linear(initial=5, step=10, cap=20), 3) == [5, 15, 20]
    assert _delays(Fixed(initial=7, cap=3), 2) == [3, 3]


@given(rule=rules, attempt=attempts, seed=st.integers())
def test_delay_lies_between_nothing_and_the_cap_with_its_jitter(
    rule: RetryRule, attempt: int, seed: int
) -> None:
    delay = rule.delay(attempt, Random(seed))

    capped = min(rule.base_delay(attempt), rule.cap)
    share = rule.jitter_ratio if rule.jitter == "proportional" else 0.0
    lowest = 0.0 if rule.jitter == "full" else capped * (1 - share)
    assert lowest * (1 - 1e-9) <= delay <= capped * (1 + share) * (1 + 1e-9)


@given(rule=rules, attempt=attempts)
def test_delay_before_jitter_never_shrinks(rule: RetryRule, attempt: int) -> None:
    assert rule.base_delay(attempt) <= rule.base_delay(attempt + 1)


@given(attempt=attempts)
def test_no_delay_at_first_is_no_delay_ever(attempt: int) -> None:
    assert Exponential(initial=0).delay(attempt, Random(0)) == 0


def test_jitter_spreads_over_its_whole_range() -> None:
    rng = Random(1)
    full = [Fixed(initial=100, jitter="full").delay(1, rng) for _ in range(2000)]
    near = [Fixed(initial=100, jitter="proportional").delay(1, rng) for _ in range(2000)]

    assert min(full) < 5
    assert max(full) > 95
    assert 45 < sum(full) / len(full) < 55
    assert 90 <= min(near) < 91
    assert 109 < max(near) <= 110


def test_overflow_of_the_growth_ends_at_the_cap() -> None:
    assert Exponential(initial=2, factor=100, cap=600).delay(10**9, Random(0)) == 600


@given(rule=rules)
def test_rule_survives_being_stored(rule: RetryRule) -> None:
    assert from_json(rule.to_json()) == rule


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_attempts": 0}, "max_attempts must be at least 1, not 0"),
        ({"cap": -1}, "cap must lie between 0 and 31622400 s, not -1"),
        ({"cap": float("nan")}, "cap must lie between 0 and 31622400 s, not nan"),
        ({"cap": MAX_DELAY + 1}, "cap must lie between 0 and"),
        ({"max_total_time": -0.1}, "max_total_time must lie between"),
        ({"jitter": "some"}, "jitter must be one of none, full, proportional, not 'some'"),
        ({"jitter_ratio": 1.1}, "jitter_ratio must lie between 0 and 1, not 1.1"),
        ({"initial": -1}, "initial must lie between"),
        ({"factor": 0.5}, "factor must lie between 1 and 100, not 0.5"),
        ({"factor": 101}, "factor must lie between 1 and 100, not 101"),
    ],
)
def test_rule_refuses_what_makes_no_sense(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Exponential(**wrong)


def test_linear_rule_checks_its_step() -> None:
    with pytest.raises(ValueError, match="step must lie between"):
        Linear(step=float("inf"))


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, "strategy must be one of fixed, linear, exponential, not None"),
        ({"strategy": "random"}, "strategy must be one of .*, not 'random'"),
        ({"strategy": "fixed", "factor": 2}, "fixed has no field factor"),
        ({"strategy": "fixed", "max_attempts": 0}, "max_attempts must be at least 1"),
        ({"strategy": "fixed", "max_attempts": "many"}, "max_attempts"),
    ],
)
def test_stored_rule_that_is_damaged_is_refused(stored: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(stored)


def test_jitters_are_those_that_operators_may_choose() -> None:
    assert JITTERS == ("none", "full", "proportional")


@pytest.mark.parametrize("name", ["ConnectionError", "builtins.ConnectionError", "OSError"])
def test_an_error_or_its_base_can_be_final_by_policy(name: str) -> None:
    kinds = ("builtins.ConnectionError", "builtins.OSError", "builtins.Exception")
    assert Fixed(final_errors=(name,)).forbids(kinds)
    assert not Fixed(final_errors=("ValueError",)).forbids(kinds)


def test_only_the_named_errors_are_retried_if_any_are_named() -> None:
    rule = Fixed(retried_errors=("OSError",))
    assert not rule.forbids(("builtins.ConnectionError", "builtins.OSError"))
    assert rule.forbids(("builtins.ValueError", "builtins.Exception"))


def test_the_names_of_errors_survive_storage() -> None:
    rule = Fixed(final_errors=("shop.CardRefused",), retried_errors=("OSError",))
    assert from_json(json.loads(json.dumps(rule.to_json()))) == rule


@pytest.mark.parametrize("names", [["not a name"], "OSError", [7]])
def test_what_is_no_name_of_an_error_is_refused(names: object) -> None:
    with pytest.raises(ValueError, match="final_errors"):
        from_json({"strategy": "fixed", "final_errors": names})
