"""What becomes of ticks that nobody fired in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tasks_core.engine.schedule.outcome import TickOutcome


class MisfirePolicy(StrEnum):
    """What to do with ticks that were missed."""

    SKIP = "skip"
    RUN_ONCE = "run_once"
    """The latest one runs and stands for the others, which are coalesced."""
    RUN_ALL = "run_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class MisfireRule:
    """A policy and its limits.

    Attributes:
        policy: what to do with ticks that were missed.
        grace: a tick no later than this is on time, and is fired whatever the policy.
        max_age: a missed tick later than this is skipped, or None.
        max_count: at most so many missed ticks run, the latest ones, or None.
    """

    policy: MisfirePolicy = MisfirePolicy.RUN_ONCE
    grace: timedelta = timedelta(minutes=1)
    max_age: timedelta | None = None
    max_count: int | None = None

    def __post_init__(self) -> None:
        if self.grace < timedelta(0):
            raise ValueError(f"grace must not be negative, not {self.grace}")
        if self.max_age is not None and self.max_age < self.grace:
            raise ValueError(
                f"max_age must be at least the grace of {self.grace}, not {self.max_age}"
            )
        if self.max_count is not None and self.max_count < 1:
            raise ValueError(f"max_count must be at least 1, not {self.max_count}")


def settle(
    overdue: Sequence[datetime], now: datetime, rule: MisfireRule, *, later: int = 0
) -> list[TickOutcome]:
    """Decide for each due instant of one schedule, in ascending order, all of them reached.

    Each is ``fired`` (on time), ``caught_up`` (late, but run), ``coalesced`` (a later one of these
    runs in its stead) or ``skipped_misfire``. ``later`` is how many more missed ticks follow that are settled
    in another call, where there are too many for one.

    Raises:
        ValueError: an instant lies ahead of ``now``, or they are out of order.
    """
    _check(overdue, now)
    missed = [due for due in overdue if now - due > rule.grace]
    on_time = [TickOutcome.FIRED] * (len(overdue) - len(missed))
    young = [due for due in missed if rule.max_age is None or now - due <= rule.max_age]
    too_old = [TickOutcome.SKIPPED_MISFIRE] * (len(missed) - len(young))
    return [*too_old, *_missed(rule, len(young), later, has_successor=bool(on_time)), *on_time]


def _missed(rule: MisfireRule, count: int, later: int, *, has_successor: bool) -> list[TickOutcome]:
    if rule.policy == MisfirePolicy.SKIP:
        return [TickOutcome.SKIPPED_MISFIRE] * count
    if rule.policy == MisfirePolicy.RUN_ONCE:
        run = min(count, 0 if has_successor or later else 1)
        return [TickOutcome.COALESCED] * (count - run) + [TickOutcome.CAUGHT_UP] * run
    run = count if rule.max_count is None else min(count, max(rule.max_count - later, 0))
    return [TickOutcome.SKIPPED_MISFIRE] * (count - run) + [TickOutcome.CAUGHT_UP] * run


def _check(overdue: Sequence[datetime], now: datetime) -> None:
    for earlier, later in pairwise(overdue):
        if later <= earlier:
            raise ValueError(f"overdue must be in ascending order, {later} follows {earlier}")
    if overdue and overdue[-1] > now:
        raise ValueError(f"overdue must lie in the past, {overdue[-1]} is after {now}")
