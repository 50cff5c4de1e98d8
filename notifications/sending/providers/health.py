"""Whether a provider is worth trying, as pure functions of what it did and the time."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifications.rules import gcra
from notifications.rules.gcra import Pace
from notifications.rules.outcome import Outcome, SendResult
from tasks_core.engine import breaker
from tasks_core.engine.breaker import Breaker, BreakerRule, BreakerState

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds of silence after "too many requests" that names none; doubled each time in a row."""

PROBE_SECONDS = 2.0
"""How soon to ask again while one message finds out whether the provider works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRule:
    """What the provider is set to. ``patience``: the seconds that one message can take at most."""

    rate_limit: float | None
    breaker: BreakerRule
    patience: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a provider does.

    Attributes:
        paused_until: it asked for silence until then.
        pauses: how often in a row it did.
    """

    breaker: Breaker = field(default_factory=Breaker)
    pace: Pace = field(default_factory=Pace)
    paused_until: datetime | None = None
    pauses: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None

    def takes_all(self, now: datetime) -> bool:
        """Whether nothing speaks against any message, its rate aside."""
        return self.breaker.state is BreakerState.CLOSED and not self.is_paused(now)

    def is_paused(self, now: datetime) -> bool:
        """Whether it has asked for silence."""
        return self.paused_until is not None and self.paused_until > now

    @property
    def remembers(self) -> bool:
        """Whether a success would change anything."""
        return bool(self.breaker.failures or self.pauses)


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a message may be handed over.

    Attributes:
        wait: seconds after which to ask again; 0.0 if it may.
        reason: why not, for an operator.
        is_promised: that instant is this message's own place in the rate.
    """

    wait: float = 0.0
    reason: str = ""
    is_promised: bool = False


def admit(
    health: Health, rule: HealthRule, now: datetime, *, keeps_place: bool
) -> tuple[Health, Admission]:
    """Decide about one message.

    ``keeps_place``: if the rate does not allow it now, the message has nowhere else to go and waits for its
    turn.
    """
    if health.paused_until is not None and health.paused_until > now:
        wait = (health.paused_until - now).total_seconds()
        return health, Admission(wait, f"asked for a pause: {health.last_error}")
    is_closed = health.breaker.state is BreakerState.CLOSED
    if not is_closed and not health.breaker.is_probe_due(now):
        return health, Admission(
            _until_probe(health.breaker, now), f"keeps failing: {health.last_error}"
        )
    if rule.rate_limit is not None:
        pace, count = gcra.admitted(health.pace, rule.rate_limit, 1, now)
        if not count:
            return _behind(health, rule.rate_limit, now, keeps_place=keeps_place)
        health = replace(health, pace=pace)
    if not is_closed:
        probing = breaker.probed(health.breaker, now=now, patience=rule.patience)
        health = replace(health, breaker=probing)
    return health, Admission()


def learnt(health: Health, rule: HealthRule, result: SendResult, now: datetime) -> Health:
    """Learn from how one message ended.

    What is wrong with a message or its receiver shows that the provider works.
    """
    outcome = result.outcome
    if outcome is Outcome.THROTTLED:  # it works, and has too much to do
        works = replace(health, breaker=breaker.after_success(health.breaker))
        return _paused(_noted(works, result, now), result.retry_after, now)
    if outcome.is_success or result.about_receiver:
        return _well(health)
    if outcome in (Outcome.TRANSIENT, Outcome.AMBIGUOUS):
        failed = breaker.after_failure(health.breaker, rule.breaker, now=now)
        health = _noted(replace(health, breaker=failed), result, now)
        return health if result.retry_after is None else _paused(health, result.retry_after, now)
    if result.status_code is not None:  # it answers, if only to refuse this message
        return _well(health)
    return _unproved(health, now)


def _until_probe(state: Breaker, now: datetime) -> float:
    left = (state.until - now).total_seconds() if state.until is not None else 0.0
    return left if state.state is BreakerState.OPEN else min(left, PROBE_SECONDS)


def _behind(
    health: Health, limit: float, now: datetime, *, keeps_place: bool
) -> tuple[Health, Admission]:
    pace, [wait] = gcra.waits(health.pace, limit, 1, now)
    reason = f"is limited to {limit:g}/s"
    if keeps_place:
        return replace(health, pace=pace), Admission(wait, reason, is_promised=True)
    return health, Admission(wait, reason)


def _noted(health: Health, result: SendResult, now: datetime) -> Health:
    return replace(health, last_error=result.error[:500], last_error_at=now)


def _well(health: Health) -> Health:
    if not health.remembers:
        return health
    return replace(health, breaker=breaker.after_success(health.breaker), pauses=0)


def _paused(health: Health, asked: float | None, now: datetime) -> Health:
    """Pause, for longer each time in a row; what was under way meanwhile makes it no longer."""
    if asked is None and health.is_paused(now):
        return health
    doubled = FIRST_PAUSE * 2.0 ** min(health.pauses, 16)
    until = now + timedelta(seconds=min(doubled, LONGEST_PAUSE) if asked is None else asked)
    pauses = health.pauses if health.is_paused(now) else health.pauses + 1
    return replace(health, paused_until=max(until, health.paused_until or until), pauses=pauses)


def _unproved(health: Health, now: datetime) -> Health:
    """Nothing was sent, so a probe has shown nothing: the next message may be one."""
    if health.breaker.state is not BreakerState.HALF_OPEN:
        return health
    return replace(health, breaker=replace(health.breaker, until=now))
