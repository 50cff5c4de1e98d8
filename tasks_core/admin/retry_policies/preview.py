"""The next delays that a retry rule gives, for the operator who edits it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks_core.engine.retry import RetryRule

MAX_ROWS = 30


@dataclass(frozen=True)
class Delay:
    """What follows the failure of one attempt, in seconds.

    ``total`` is the expected time from the first failure to the next attempt, the attempts themselves
    taken as instant. ``is_too_late`` says that ``max_total_time`` is over by then even at the shortest.
    """

    attempt: int
    shortest: float
    longest: float
    expected: float
    total: float
    is_too_late: bool


def delays(rule: RetryRule) -> Iterator[Delay]:
    """Yield what follows each failed attempt but the last, at most ``MAX_ROWS``."""
    total = soonest = 0.0
    for attempt in range(1, min(rule.max_attempts - 1, MAX_ROWS) + 1):
        shortest, longest = _bounds(rule, min(rule.base_delay(attempt), rule.cap))
        expected = (shortest + longest) / 2
        total += expected
        soonest += shortest
        limit = rule.max_total_time
        is_too_late = limit is not None and soonest > limit
        yield Delay(attempt, shortest, longest, expected, total, is_too_late)


def _bounds(rule: RetryRule, delay: float) -> tuple[float, float]:
    if rule.jitter == "full":
        return 0.0, delay
    if rule.jitter == "proportional":
        return delay * (1 - rule.jitter_ratio), delay * (1 + rule.jitter_ratio)
    return delay, delay
