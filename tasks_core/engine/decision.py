"""From what happened in an attempt to the outcome that is recorded."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.retry import MAX_DELAY, RetryRule
from tasks_core.engine.states import TRANSITIONS, EventKind, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a decision needs to know of an attempt.

    Attributes:
        used: attempts used up, this one included.
        first_started_at: when the task's first attempt began.
        expires_at: no attempt may begin from then on, or None.
    """

    used: int
    first_started_at: datetime
    expires_at: datetime | None = None


def succeeded(result: Any = None) -> Outcome:
    """The handler returned."""
    return _SUCCEEDED if result is None else _outcome("succeed", result=result)


def snoozed(*, now: datetime, seconds: float, reason: str) -> Outcome:
    """The handler asked to be called again later; no attempt is used up."""
    run_after = now + timedelta(seconds=min(seconds, MAX_DELAY))
    return _outcome(
        "snooze", run_after=run_after, reason=reason, data={"until": run_after.isoformat()}
    )


def expired() -> Outcome:
    """The time of the task was over before its handler was called."""
    reason = "expired before the attempt began"
    return _outcome("expire", reason=reason, data={"reason": reason})


def yielded(*, now: datetime) -> Outcome:
    """The handler gives way to more urgent work; no attempt is used up."""
    return _outcome("yield", run_after=now)


def released(*, now: datetime, reason: str, seconds: float = 0.0) -> Outcome:
    """The worker gives the task back unfinished, for ``seconds``; no attempt is used up."""
    data = {"reason": reason, "returned": True}
    return _outcome("release", run_after=now + timedelta(seconds=seconds), reason=reason, data=data)


def lost_in_company(*, now: datetime) -> Outcome:
    """The process died with several tasks in hand, so nobody knows which one is to blame.

    None of them loses an attempt; each runs alone next time, and from then on a loss counts.
    """
    return _outcome("lose", run_after=now, isolate=True, data={"isolated": True})


def lost_with_machine(*, now: datetime, isolate: bool) -> Outcome:
    """All processes of the worker ended at once, so none of its tasks is to blame."""
    return _outcome("lose", run_after=now, isolate=isolate, data={"isolated": isolate})


def failed_in_company(failure: Failure, *, now: datetime) -> Outcome:
    """A handler of many tasks failed as a whole, so nobody knows which of them is to blame.

    None of them loses an attempt; each runs alone next time, and from then on a failure counts.
    """
    reason = f"its batch failed: {failure.summary}"
    data = {"reason": reason, "returned": True, "isolated": True}
    return _outcome("release", run_after=now, reason=reason, isolate=True, data=data)


def after_failure(
    rule: RetryRule, failure: Failure, attempt: Attempt, *, now: datetime, rng: Random
) -> Outcome:
    """Decide between another attempt, expiry and a dead letter."""
    stop = _reason_to_stop(rule, failure, attempt)
    if stop:
        return _dead(failure, attempt, stop)
    delay = max(rule.delay(attempt.used, rng), failure.retry_after or 0.0)
    # A handler may have the time from somebody else's server, which may ask for the year 9999.
    delay = min(delay, MAX_DELAY)
    run_after = now + timedelta(seconds=delay)
    if attempt.expires_at is not None and run_after >= attempt.expires_at:
        return _expired(failure, attempt)
    if _too_late(rule, attempt, run_after):
        return _dead(failure, attempt, f"max_total_time of {rule.max_total_time:g} s is over")
    return _retrying(failure, attempt, run_after)


def final_failure(failure: Failure, attempt: Attempt, *, reason: str) -> Outcome:
    """No further attempt, whatever the policy says."""
    return _dead(failure, attempt, reason)


def _reason_to_stop(rule: RetryRule, failure: Failure, attempt: Attempt) -> str:
    if failure.final:
        return "the error is permanent"
    if rule.forbids((failure.error, *failure.kinds)):
        return "the retry policy does not retry this error"
    if attempt.used >= rule.max_attempts:
        attempts = (
            "its only attempt is"
            if rule.max_attempts == 1
            else f"all {rule.max_attempts} attempts are"
        )
        return f"{attempts} used up"
    return ""


def _too_late(rule: RetryRule, attempt: Attempt, run_after: datetime) -> bool:
    if rule.max_total_time is None:
        return False
    return run_after > attempt.first_started_at + timedelta(seconds=rule.max_total_time)


def _retrying(failure: Failure, attempt: Attempt, run_after: datetime) -> Outcome:
    return _outcome(
        "retry",
        run_after=run_after,
        failure=failure,
        before=(_failed(failure, attempt, will_retry=True),),
        data={"attempt": attempt.used + 1, "next_attempt_at": run_after.isoformat()},
    )


def _expired(failure: Failure, attempt: Attempt) -> Outcome:
    reason = "the next attempt would begin after expires_at"
    return _outcome(
        "expire",
        failure=failure,
        reason=reason,
        before=(_failed(failure, attempt, will_retry=False),),
        data={"reason": reason},
    )


def _dead(failure: Failure, attempt: Attempt, reason: str) -> Outcome:
    return _outcome(
        "die",
        failure=failure,
        reason=reason,
        before=(_failed(failure, attempt, will_retry=False),),
        data={"reason": reason},
    )


def _failed(
    failure: Failure, attempt: Attempt, *, will_retry: bool
) -> tuple[EventKind, dict[str, Any]]:
    data = {"error": failure.summary, "retry_count": attempt.used - 1, "will_retry": will_retry}
    return EventKind.FAILED, data


def _outcome(
    name: str,
    *,
    before: tuple[tuple[EventKind, dict[str, Any]], ...] = (),
    data: dict[str, Any] | None = None,
    run_after: datetime | None = None,
    result: Any = None,
    failure: Failure | None = None,
    reason: str = "",
    isolate: bool = False,
) -> Outcome:
    arrow = TRANSITIONS[name]
    if State.RUNNING not in arrow.sources:
        raise ValueError(f"{name!r} does not leave {State.RUNNING}")
    return Outcome(
        transition=name,
        state=arrow.target,
        events=(*before, (arrow.event, data or {})),
        uses_attempt=arrow.uses_attempt,
        run_after=run_after,
        result=result,
        failure=failure,
        reason=reason,
        isolate=isolate,
    )


_SUCCEEDED = _outcome("succeed")
