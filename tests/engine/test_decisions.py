"""What becomes of an attempt: another one, a dead letter, expiry, or back without being counted."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt, after_failure
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.retry import Exponential, Fixed, RetryRule
from tasks_core.engine.states import TRANSITIONS, EventKind, State

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BROKEN = Failure(error="builtins.ValueError", message="broken")


def _after(
    rule: RetryRule,
    failure: Failure = BROKEN,
    *,
    used: int = 1,
    started: timedelta = timedelta(0),
    expires: timedelta | None = None,
) -> Outcome:
    attempt = Attempt(
        used=used,
        first_started_at=NOW - started,
        expires_at=None if expires is None else NOW + expires,
    )
    return after_failure(rule, failure, attempt, now=NOW, rng=Random(0))


def test_failure_with_attempts_left_is_retried_after_the_delay() -> None:
    outcome = _after(Fixed(initial=10, max_attempts=3), used=2)

    assert outcome.state is State.RETRYING
    assert outcome.run_after == NOW + timedelta(seconds=10)
    assert outcome.uses_attempt


def test_both_the_failure_and_the_plan_to_retry_are_recorded() -> None:
    outcome = _after(Fixed(initial=10, max_attempts=3), used=2)

    assert outcome.events == (
        (
            EventKind.FAILED,
            {"error": "ValueError: broken", "retry_count": 1, "will_retry": True},
        ),
        (EventKind.RETRYING, {"attempt": 3, "next_attempt_at": "2026-03-01T12:00:10+00:00"}),
    )


def test_last_attempt_ends_in_a_dead_letter() -> None:
    outcome = _after(Fixed(max_attempts=3), used=3)

    assert outcome.state is State.DEAD
    assert outcome.reason == "all 3 attempts are used up"
    assert [kind for kind, _ in outcome.events] == [EventKind.FAILED, EventKind.DEAD_LETTERED]
    assert outcome.events[0][1]["will_retry"] is False


def test_lowered_limit_counts_attempts_that_were_made_before() -> None:
    assert _after(Fixed(max_attempts=2), used=5).state is State.DEAD


def test_final_error_is_never_retried() -> None:
    failure = Failure(error="x.PermanentError", message="no such address", final=True)

    outcome = _after(Fixed(max_attempts=9), failure)

    assert outcome.state is State.DEAD
    assert outcome.reason == "the error is permanent"


def test_final_error_with_a_retry_after_is_not_retried_either() -> None:
    failure = Failure(error="x.E", message="", final=True, retry_after=5)

    assert _after(Fixed(max_attempts=9), failure).state is State.DEAD


@pytest.mark.parametrize(("asked", "waited"), [(60.0, 60.0), (3.0, 10.0), (0.0, 10.0)])
def test_retry_after_makes_the_wait_longer_and_never_shorter(asked: float, waited: float) -> None:
    failure = Failure(error="x.RetryAfter", message="", retry_after=asked)

    outcome = _after(Fixed(initial=10), failure)

    assert outcome.run_after == NOW + timedelta(seconds=waited)


def test_retry_after_counts_as_an_attempt() -> None:
    failure = Failure(error="x.RetryAfter", message="", retry_after=60)

    assert _after(Fixed(max_attempts=2), failure, used=2).state is State.DEAD


@given(st.floats(0, allow_nan=False))
def test_no_retry_after_is_too_long_for_the_calendar(asked: float) -> None:
    failure = Failure(error="x.RetryAfter", message="", retry_after=asked)

    outcome = _after(Fixed(initial=10), failure)

    assert outcome.run_after is not None
    assert outcome.run_after <= NOW + timedelta(days=366)


def test_no_snooze_is_too_long_for_the_calendar() -> None:
    outcome = decision.snoozed(now=NOW, seconds=1e300, reason="")

    assert outcome.run_after == NOW + timedelta(days=366)


@pytest.mark.parametrize("expires_in", [5, 10])
def test_retry_that_would_begin_at_or_after_expiry_expires_the_task(expires_in: int) -> None:
    outcome = _after(Fixed(initial=10), expires=timedelta(seconds=expires_in))

    assert outcome.state is State.EXPIRED
    assert [kind for kind, _ in outcome.events] == [EventKind.FAILED, EventKind.EXPIRED]
    assert outcome.failure is BROKEN


def test_retry_before_expiry_is_made() -> None:
    assert _after(Fixed(initial=10), expires=timedelta(seconds=11)).state is State.RETRYING


def test_task_that_is_used_up_is_dead_even_if_it_has_expired_too() -> None:
    outcome = _after(Fixed(max_attempts=1), expires=timedelta(seconds=1))

    assert outcome.state is State.DEAD


def test_retry_past_the_total_time_is_a_dead_letter() -> None:
    rule = Fixed(initial=10, max_total_time=60)

    assert _after(rule, started=timedelta(seconds=50)).state is State.RETRYING
    late = _after(rule, started=timedelta(seconds=51))
    assert late.state is State.DEAD
    assert late.reason == "max_total_time of 60 s is over"


def test_success_ends_the_task_with_its_result() -> None:
    outcome = decision.succeeded({"sent": 3})

    assert (outcome.state, outcome.result) == (State.SUCCEEDED, {"sent": 3})
    assert [kind for kind, _ in outcome.events] == [EventKind.COMPLETED]


@pytest.mark.parametrize(
    ("outcome", "kind", "wait"),
    [
        (decision.snoozed(now=NOW, seconds=30, reason="busy"), EventKind.SNOOZED, 30),
        (decision.released(now=NOW, reason="stopping"), EventKind.RELEASED, 0),
        (decision.yielded(now=NOW), EventKind.YIELDED, 0),
        (decision.lost_in_company(now=NOW), EventKind.LOST, 0),
    ],
)
def test_attempt_that_is_no_failure_is_given_back(
    outcome: Outcome, kind: EventKind, wait: int
) -> None:
    assert outcome.state is State.SCHEDULED
    assert not outcome.uses_attempt
    assert outcome.run_after == NOW + timedelta(seconds=wait)
    assert [k for k, _ in outcome.events] == [kind]


def test_only_a_loss_in_company_isolates() -> None:
    assert decision.lost_in_company(now=NOW).isolate
    assert not decision.released(now=NOW, reason="stopping").isolate


def test_failure_without_a_message_is_named_by_its_class() -> None:
    assert Failure(error="app.errors.Broken", message="").summary == "Broken"


@given(
    used=st.integers(1, 50),
    limit=st.integers(1, 50),
    final=st.booleans(),
    expires=st.none() | st.integers(1, 10_000),
    started=st.integers(0, 10_000),
    total=st.none() | st.integers(0, 10_000),
    retry_after=st.none() | st.floats(0, 10_000),
)
def test_whatever_happens_the_decision_is_an_arrow_that_leaves_running(
    used: int,
    limit: int,
    final: bool,
    expires: int | None,
    started: int,
    total: int | None,
    retry_after: float | None,
) -> None:
    rule = Exponential(initial=1, max_attempts=limit, max_total_time=total)
    failure = Failure(error="x.E", message="", final=final, retry_after=retry_after)

    outcome = _after(
        rule,
        failure,
        used=used,
        started=timedelta(seconds=started),
        expires=None if expires is None else timedelta(seconds=expires),
    )

    arrow = TRANSITIONS[outcome.transition]
    assert State.RUNNING in arrow.sources
    assert outcome.state is arrow.target
    assert outcome.events[-1][0] is arrow.event
    assert (outcome.state is State.DEAD) <= (outcome.failure is not None)
    if outcome.state is State.RETRYING:
        assert outcome.run_after is not None
        assert not final
        assert used < limit
        assert expires is None or outcome.run_after < NOW + timedelta(seconds=expires)
