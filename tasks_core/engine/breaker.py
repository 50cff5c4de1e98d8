"""A circuit breaker: stop trying what keeps failing, and look now and then whether it works again.

Closed lets everything through and counts failures in a row. Open lets nothing through until its pause is
over. Then it is half open: one probe goes out, and its outcome closes or opens the breaker, for longer
each time. Where the state is kept, and who sees it, is the caller's affair.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_EXPONENT = 16


class BreakerState(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When it opens and for how long.

    Attributes:
        threshold: failures in a row that open it.
        pause: seconds that it stays open the first time; doubled each time the probe fails.
        longest_pause: the limit of that.
    """

    threshold: int
    pause: float
    longest_pause: float = 3_600.0

    def __post_init__(self) -> None:
        if self.threshold < 1 or self.pause <= 0 or self.longest_pause < self.pause:
            raise ValueError(
                "threshold must be at least 1, pause positive and longest_pause not shorter than it"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Its state.

    Attributes:
        failures: in a row.
        openings: times in a row that it opened without having been closed.
        until: when the pause is over, or when a probe without an outcome counts as lost.
    """

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    openings: int = 0
    until: datetime | None = None

    def is_probe_due(self, now: datetime) -> bool:
        """Tell whether one attempt may go out to see how things are."""
        is_waiting = self.state is not BreakerState.CLOSED
        return is_waiting and (self.until is None or self.until <= now)


def probed(breaker: Breaker, *, now: datetime, patience: float) -> Breaker:
    """One probe goes out; without an outcome within ``patience`` seconds another one may."""
    until = now + timedelta(seconds=patience)
    return replace(breaker, state=BreakerState.HALF_OPEN, until=until)


def after_success(breaker: Breaker) -> Breaker:
    """It works. Also when the attempt had begun before the breaker opened."""
    return _CLOSED


def after_failure(breaker: Breaker, rule: BreakerRule, *, now: datetime) -> Breaker:
    """One more failure. Those of attempts that had begun before it opened change nothing."""
    failures = breaker.failures + 1
    if breaker.state is BreakerState.OPEN:
        return breaker
    if breaker.state is BreakerState.CLOSED and failures < rule.threshold:
        return replace(breaker, failures=failures)
    doubled = rule.pause * 2.0 ** min(breaker.openings, LONGEST_EXPONENT)
    return Breaker(
        state=BreakerState.OPEN,
        failures=failures,
        openings=breaker.openings + 1,
        until=now + timedelta(seconds=min(doubled, rule.longest_pause)),
    )


_CLOSED = Breaker()
