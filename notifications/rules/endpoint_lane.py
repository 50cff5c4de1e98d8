"""The rules of a lane, as pure functions of its state and the time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifications.rules import gcra
from notifications.rules.gcra import Pace
from notifications.rules.outcome import Outcome
from tasks_core.engine import breaker
from tasks_core.engine.breaker import Breaker, BreakerRule, BreakerState

SLOT_SECONDS = 5
"""Places are counted by the time they were taken, so that those of a lost worker come free again."""

_FAILURES = frozenset({Outcome.TRANSIENT, Outcome.AMBIGUOUS})
_NEUTRAL = frozenset({Outcome.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRule:
    """What the endpoint is set to. ``patience``: the seconds that an attempt can take at most."""

    max_concurrency: int
    rate_limit: float | None
    breaker: BreakerRule
    patience: float
    is_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The state of a lane.

    Attributes:
        taken: places by the slot of time in which they were taken (seconds since the epoch).
        paused_until: the receiver asked for silence until then.
        failing_since: the first failure after the last success, or None.
        has_parked: deliveries may be waiting for room.
    """

    taken: Mapping[int, int] = field(default_factory=dict)
    breaker: Breaker = field(default_factory=Breaker)
    pace: Pace = field(default_factory=Pace)
    paused_until: datetime | None = None
    failing_since: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    has_parked: bool = False

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return sum(self.taken.values())


@dataclass(frozen=True, slots=True)
class Admission:
    """How many may start, and what the others are told.

    Attributes:
        count: may start now.
        reason: why the others may not, for an operator.
        waits: seconds for each of the others, or None when they are woken.
    """

    lane: Lane
    count: int
    reason: str = ""
    waits: list[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAttempt:
    """What a lane needs to know of an attempt."""

    slot: int
    outcome: Outcome
    error: str = ""
    status_code: int | None = None
    retry_after: float | None = None


def slot_of(now: datetime) -> int:
    """Return the slot of time that places taken now belong to."""
    return int(now.timestamp()) // SLOT_SECONDS * SLOT_SECONDS


def admit(lane: Lane, rule: LaneRule, wanted: int, now: datetime) -> Admission:
    """Decide how many of ``wanted`` attempts may start, and take their places."""
    lane = _without_lost(lane, rule, now)
    room, reason = _room(lane, rule, now)
    count = min(wanted, room)
    waits = None
    if count and rule.rate_limit is not None:
        pace, count = gcra.admitted(lane.pace, rule.rate_limit, count, now)
        lane = replace(lane, pace=pace)
        if count < min(wanted, room):
            # All the others wait for their time, also those for whom there was no room.
            pace, waits = gcra.waits(pace, rule.rate_limit, wanted - count, now)
            lane, reason = replace(lane, pace=pace), f"limited to {rule.rate_limit:g}/s"
    lane = _with_taken(lane, rule, count, now)
    if count < wanted and waits is None:
        lane = replace(lane, has_parked=True)
    return Admission(lane, count, reason, waits)


def room(lane: Lane, rule: LaneRule, now: datetime) -> int:
    """Return how many attempts may start now, the rate aside."""
    return _room(_without_lost(lane, rule, now), rule, now)[0]


def ended(lane: Lane, rule: LaneRule, attempts: Iterable[EndedAttempt], now: datetime) -> Lane:
    """Give the places of attempts back, and learn from how they ended."""
    lane = _without_lost(lane, rule, now)
    for attempt in attempts:
        lane = _learnt(_given_back(lane, attempt.slot), rule, attempt, now)
    return lane


def freed(
    lane: Lane,
    rule: LaneRule,
    *,
    lost: Iterable[datetime],
    under_way: Iterable[datetime],
    now: datetime,
) -> Lane:
    """Give the places of a process back that has ended in the middle of attempts.

    Besides those of its attempts it may have had others, for which nothing had begun yet. So of earlier slots
    no more places stay taken than there are attempts under way that may have taken them: each begins in the
    slot of its place or in the next one.

    Args:
        lane: as it is.
        rule: what the endpoint is set to.
        lost: when the attempts of the process began.
        under_way: when those began that other processes make.
        now: the time.
    """
    lane = _without_lost(lane, rule, now)
    known = Counter(map(slot_of, under_way))
    settled = (
        slot_of(now) - SLOT_SECONDS
    )  # of this slot and the next, places may be about to be used
    taken = {
        slot: count if slot >= settled else min(count, known[slot] + known[slot + SLOT_SECONDS])
        for slot, count in lane.taken.items()
    }
    lane = replace(lane, taken={slot: count for slot, count in taken.items() if count})
    for began in map(slot_of, lost):
        if lane.in_flight > known.total():
            lane = _given_back(lane, began if began in lane.taken else began - SLOT_SECONDS)
    if not lane.taken and lane.breaker.state is BreakerState.HALF_OPEN:
        lane = replace(lane, breaker=replace(lane.breaker, until=now))  # the probe was among them
    return lane


def has_nothing_to_learn(lane: Lane, rule: LaneRule, now: datetime) -> bool:
    """Whether a success, and another attempt in its place, would leave the lane as it is."""
    is_calm = lane.breaker.state is BreakerState.CLOSED and not lane.breaker.failures
    is_open = lane.paused_until is None or lane.paused_until <= now
    has_duties = lane.failing_since is not None or lane.has_parked or rule.rate_limit is not None
    return is_calm and is_open and not has_duties


def _room(lane: Lane, rule: LaneRule, now: datetime) -> tuple[int, str]:
    if lane.paused_until is not None and lane.paused_until > now:
        return 0, "the endpoint asked for a pause"
    if lane.breaker.state is not BreakerState.CLOSED:
        is_due = lane.breaker.is_probe_due(now)
        return int(is_due), f"the endpoint keeps failing: {lane.last_error}"
    full = f"the endpoint has {rule.max_concurrency} attempts under way"
    return max(0, rule.max_concurrency - lane.in_flight), full


def _with_taken(lane: Lane, rule: LaneRule, count: int, now: datetime) -> Lane:
    if not count:
        return lane
    slot = slot_of(now)
    lane = replace(lane, taken={**lane.taken, slot: lane.taken.get(slot, 0) + count})
    if lane.breaker.state is not BreakerState.CLOSED:
        probing = breaker.probed(lane.breaker, now=now, patience=rule.patience)
        lane = replace(lane, breaker=probing)
    return lane


def _without_lost(lane: Lane, rule: LaneRule, now: datetime) -> Lane:
    """Free the places of attempts that must have ended, one way or the other."""
    oldest = now.timestamp() - rule.patience - SLOT_SECONDS
    if all(slot >= oldest for slot in lane.taken):
        return lane
    return replace(lane, taken={slot: n for slot, n in lane.taken.items() if slot >= oldest})


def _given_back(lane: Lane, slot: int) -> Lane:
    left = lane.taken.get(slot, 0) - 1
    others = {one: count for one, count in lane.taken.items() if one != slot}
    return replace(lane, taken={**others, slot: left} if left > 0 else others)


def _learnt(lane: Lane, rule: LaneRule, attempt: EndedAttempt, now: datetime) -> Lane:
    if attempt.outcome in _NEUTRAL:
        return lane
    if attempt.outcome is Outcome.SUCCESS:
        if lane.breaker.failures or lane.failing_since is not None:
            lane = replace(lane, breaker=breaker.after_success(lane.breaker), failing_since=None)
        return lane
    lane = replace(lane, last_error=attempt.error[:500], last_error_at=now)
    pause = _pause(attempt)
    if pause:
        until = now + timedelta(seconds=pause)
        lane = replace(lane, paused_until=max(until, lane.paused_until or until))
    if attempt.outcome is Outcome.THROTTLED:  # it works, and has too much to do
        return replace(lane, breaker=breaker.after_success(lane.breaker))
    lane = replace(lane, failing_since=lane.failing_since or now)
    if attempt.outcome in _FAILURES:
        failed = breaker.after_failure(lane.breaker, rule.breaker, now=now)
        return replace(lane, breaker=failed)
    if attempt.status_code is not None:  # it answers, if only to refuse this message
        return replace(lane, breaker=breaker.after_success(lane.breaker))
    return lane


def _pause(attempt: EndedAttempt) -> float:
    """Return the seconds of silence that an answer asks for (Standard Webhooks: 429, 502 and 504)."""
    if attempt.retry_after is not None:
        return attempt.retry_after
    return {429: 5.0, 502: 1.0, 504: 1.0}.get(attempt.status_code or 0, 0.0)
