"""What follows from an attempt: the end, or another attempt, and when. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from notifications.states import TriggerEventStatus
from notifications.triggers.result import GONE, Result
from notifications.triggers.retry_conf import RetryConf

_JUST_AFTER = timedelta(seconds=1)
_ALWAYS_RETRIED = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far an event was before the attempt.

    Attributes:
        scheduled_time: when it was first to be delivered.
        tries: attempts before this one.
        waits_asked: attempts that the webhook asked for after the last one of ``retry_conf``.
    """

    scheduled_time: datetime
    tries: int
    waits_asked: int


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a webhook may ask for.

    Attributes:
        longest_wait: seconds that one Retry-After may take.
        max_waits: attempts that it may ask for after the last one.
    """

    longest_wait: float
    max_waits: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The event's next status, and when it is tried again if that is ``scheduled``."""

    status: TriggerEventStatus
    reason: str = ""
    next_retry_at: datetime | None = None
    waits_asked: int = 0


def is_too_late(conf: RetryConf, scheduled_time: datetime, now: datetime) -> bool:
    """Return whether no attempt may begin any more."""
    return now - scheduled_time > timedelta(seconds=conf.tolerance_seconds)


def decide(
    conf: RetryConf,
    standing: Standing,
    result: Result,
    bounds: Bounds,
    *,
    now: datetime,
    rng: Random,
) -> Verdict:
    """Judge an attempt that has ended at ``now``."""
    waits = standing.waits_asked
    if not result.error:
        return Verdict(status=TriggerEventStatus.DELIVERED, waits_asked=waits)
    if result.is_final or _refused_for_good(conf, result.status):
        return _ended(result.error, waits)
    is_exhausted = standing.tries >= conf.num_retries
    if result.retry_after is not None:
        if is_exhausted and waits >= bounds.max_waits:
            return _ended(f"{result.error}; it asked for another try {waits} times", waits)
        wait = timedelta(seconds=min(result.retry_after, bounds.longest_wait))
        # A wait that the tolerance does not allow is cut: the event is found dead right after its end.
        tolerance = timedelta(seconds=conf.tolerance_seconds)
        end = standing.scheduled_time + tolerance + _JUST_AFTER
        return _again(result.error, max(min(now + wait, end), now), waits + is_exhausted)
    if is_exhausted:
        return _ended(result.error, waits)
    wait = timedelta(seconds=conf.rule().delay(standing.tries + 1, rng))
    return _again(result.error, now + wait, waits)


def _again(reason: str, at: datetime, waits: int) -> Verdict:
    status = TriggerEventStatus.SCHEDULED
    return Verdict(status=status, reason=reason, next_retry_at=at, waits_asked=waits)


def _ended(reason: str, waits: int) -> Verdict:
    return Verdict(status=TriggerEventStatus.ERROR, reason=reason, waits_asked=waits)


def _refused_for_good(conf: RetryConf, status: int) -> bool:
    if status == GONE:
        return True
    return not conf.retry_client_errors and 400 <= status < 500 and status not in _ALWAYS_RETRIED
