"""When the next step of a fallback ladder begins, and when none is needed.

A ladder is a notification's deliveries so far and the steps that may still follow. Each delivery is
judged by the step behind it: it has done its part when it was delivered, or sent if that step asks for
no more. The delivery of the last step has done so when it was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Until(StrEnum):
    """What a step waits for before it: begins if that does not come."""

    SENT = "sent"
    DELIVERED = "delivered"


class StepState(StrEnum):
    """How far a step has come."""

    WAITING = "waiting"
    BEGUN = "begun"
    UNNEEDED = "unneeded"
    """An earlier delivery did its part; a late report that it bounced begins the step all the same."""
    SKIPPED = "skipped"


class Move(StrEnum):
    """What is to be done with the steps that have not begun."""

    WAIT = "wait"
    BEGIN = "begin"
    UNNEEDED = "unneeded"
    SKIP = "skip"


OPEN = frozenset({"pending", "rendered", "sending"})
UNSUCCESSFUL = frozenset({"failed", "rejected", "bounced", "suppressed"})
"""Ends of a delivery that are about its address: another one may be reached."""

REACHED = "it was {}"
LATE = "the notification expired"
WIPED = "its content is no longer kept"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; ``position`` counts from 1, the notification's own channel being 0."""

    position: int
    channel: str
    until: Until
    state: StepState
    due_at: datetime | None = None
    """When it begins, unless what it waits for has come by then."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """What is known when somebody looks."""

    notification_id: int
    state: str
    """Of the notification."""
    expires_at: datetime | None
    is_wiped: bool
    """Whether nothing can be written from it any more."""
    steps: tuple[Step, ...]
    deliveries: Mapping[int, str]
    """The state of each delivery, by position."""

    @property
    def next_step(self) -> Step | None:
        """The step that may begin next: after the notification has ended, one that was not needed."""
        wanted = StepState.UNNEEDED if self.state == "sent" else StepState.WAITING
        return next((step for step in self.steps if step.state == wanted), None)

    @property
    def reached(self) -> str:
        """How far the delivery that did its part has come; empty if none did."""
        asked = {step.position - 1: step.until for step in self.steps}
        for position, state in self.deliveries.items():
            if state == "delivered" or (
                state == "sent" and asked.get(position, Until.SENT) is Until.SENT
            ):
                return state
        return ""


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why, in words for operators."""

    move: Move
    reason: str = ""


WAIT = Decision(Move.WAIT)


def decide(ladder: Ladder, now: datetime) -> Decision:
    """Return what becomes of the steps that have not begun."""
    step = ladder.next_step
    if step is None or ladder.state == "accepted":
        return WAIT
    if ladder.reached:
        return Decision(Move.UNNEEDED, REACHED.format(ladder.reached))
    stopped = _stopped(ladder, now)
    if stopped:
        return Decision(Move.SKIP, stopped)
    return _begun(ladder, step, now)


def _stopped(ladder: Ladder, now: datetime) -> str:
    """Return why no step may begin any more; empty if one may."""
    if ladder.state not in ("in_progress", "sent"):
        return f"the notification is {ladder.state}"
    last = ladder.deliveries.get(max(ladder.deliveries, default=0), "")
    if last in ("cancelled", "expired"):
        return f"the delivery before it is {last}"
    if ladder.expires_at is not None and ladder.expires_at <= now:
        return LATE
    if ladder.is_wiped:
        return WIPED
    return ""


def _begun(ladder: Ladder, step: Step, now: datetime) -> Decision:
    if _has_failed(ladder):
        last = ladder.deliveries[max(ladder.deliveries)]
        return Decision(Move.BEGIN, f"the delivery before it is {last}")
    if ladder.state == "in_progress" and step.due_at is not None and step.due_at <= now:
        return Decision(Move.BEGIN, f"no earlier delivery was {step.until} in time")
    return WAIT


def _has_failed(ladder: Ladder) -> bool:
    """Tell whether the last delivery has failed, and none before it is still on its way."""
    states = ladder.deliveries
    if not states or OPEN & set(states.values()):
        return False
    return states[max(states)] in UNSUCCESSFUL
