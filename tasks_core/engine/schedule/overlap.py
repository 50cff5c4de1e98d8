"""What becomes of a tick whose predecessor is still at work."""

from dataclasses import dataclass
from enum import StrEnum

from tasks_core.engine.schedule.outcome import TickOutcome


class OverlapPolicy(StrEnum):
    """What to do when a tick is due and an earlier one has not ended."""

    ALLOW = "allow"
    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    """One tick waits; further ones are skipped until it has begun."""
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    """The other is asked to stop, and this one begins as soon as it has."""
    TERMINATE_OTHER = "terminate_other"
    """The other is ended by force, and this one begins at once."""


class Running(StrEnum):
    """What to do with those at work."""

    KEEP = "keep"
    CANCEL = "cancel"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class OverlapDecision:
    """What to do with a tick, and with those before it.

    Attributes:
        outcome: of the tick: ``fired``, ``buffered`` or ``skipped_overlap``.
        running: what to do with those at work.
        drops_buffered: those that wait become ``skipped_overlap``: this tick takes their place.
    """

    outcome: TickOutcome
    running: Running = Running.KEEP
    drops_buffered: bool = False


FIRE = OverlapDecision(TickOutcome.FIRED)
BUFFER = OverlapDecision(TickOutcome.BUFFERED)
LEAVE_OUT = OverlapDecision(TickOutcome.SKIPPED_OVERLAP)


def on_overlap(policy: OverlapPolicy, *, running: int, buffered: int) -> OverlapDecision:
    """Decide about a due tick, given how many of its schedule are at work and how many wait.

    Ticks keep their order: if one waits, though nothing is at work any more, a new one queues up
    behind it and does not overtake.

    Raises:
        ValueError: a number is negative.
    """
    if running < 0 or buffered < 0:
        raise ValueError(f"running and buffered must not be negative, not {running} and {buffered}")
    if policy == OverlapPolicy.ALLOW or not (running or buffered):
        return FIRE
    if policy == OverlapPolicy.SKIP:
        return LEAVE_OUT
    if policy == OverlapPolicy.BUFFER_ONE:
        return LEAVE_OUT if buffered else BUFFER
    if policy == OverlapPolicy.BUFFER_ALL:
        return BUFFER
    return _instead(policy, running=running, buffered=buffered)


def _instead(policy: OverlapPolicy, *, running: int, buffered: int) -> OverlapDecision:
    """Let the newest take the place of all others."""
    drops = buffered > 0
    if not running:
        return OverlapDecision(TickOutcome.FIRED, drops_buffered=drops)
    if policy == OverlapPolicy.CANCEL_OTHER:
        return OverlapDecision(TickOutcome.BUFFERED, Running.CANCEL, drops)
    return OverlapDecision(TickOutcome.FIRED, Running.TERMINATE, drops)
