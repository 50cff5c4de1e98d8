"""The states of a task and the one table of transitions between them.

Everything that speaks of the life of a task reads it from here: the statements that change rows, the
errors, the picture in the documentation and the tests.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a task is in its life. The value is what the database stores."""

    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    SUCCEEDED = "SUCCEEDED"
    DEAD = "DEAD"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


FINAL = frozenset({State.SUCCEEDED, State.DEAD, State.CANCELLED, State.EXPIRED})
"""States that a task never leaves."""

UNSUCCESSFUL = FINAL - {State.SUCCEEDED}

UNFINISHED = frozenset(State) - FINAL

WAITING = frozenset({State.SCHEDULED, State.RETRYING})
"""States in which the dispatcher picks a task up once its time has come."""

NOT_STARTED = WAITING | {State.QUEUED}
"""States in which no attempt is under way: only these can expire."""


class EventKind(StrEnum):
    """What an event row records."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    RETRYING = "retrying"
    SNOOZED = "snoozed"
    YIELDED = "yielded"
    RELEASED = "released"
    LOST = "lost"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    RESCHEDULED = "rescheduled"
    PROGRESSED = "progressed"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of the life cycle.

    ``uses_attempt`` tells, for the arrows that leave RUNNING, whether the attempt counts against the
    retry policy.
    """

    name: str
    sources: frozenset[State]
    target: State
    event: EventKind
    actor: str
    uses_attempt: bool = True


def _from(*sources: State) -> frozenset[State]:
    return frozenset(sources)


TRANSITIONS: dict[str, Transition] = {
    t.name: t
    for t in (
        Transition("enqueue", _from(), State.SCHEDULED, EventKind.SCHEDULED, "enqueue()"),
        Transition("dispatch", WAITING, State.QUEUED, EventKind.QUEUED, "dispatcher"),
        Transition("claim", _from(State.QUEUED), State.RUNNING, EventKind.STARTED, "worker"),
        Transition(
            "requeue",
            _from(State.QUEUED),
            State.SCHEDULED,
            EventKind.LOST,
            "recovery (message lost)",
        ),
        Transition(
            "hold",
            _from(State.QUEUED),
            State.SCHEDULED,
            EventKind.RELEASED,
            "dispatcher (broker unreachable), pause, preemption before start",
        ),
        Transition("succeed", _from(State.RUNNING), State.SUCCEEDED, EventKind.COMPLETED, "worker"),
        Transition(
            "retry",
            _from(State.RUNNING),
            State.RETRYING,
            EventKind.RETRYING,
            "worker (handler failed), recovery (attempt lost)",
        ),
        Transition(
            "snooze",
            _from(State.RUNNING),
            State.SCHEDULED,
            EventKind.SNOOZED,
            "worker (handler raised Snooze)",
            uses_attempt=False,
        ),
        Transition(
            "yield",
            _from(State.RUNNING),
            State.SCHEDULED,
            EventKind.YIELDED,
            "worker (preempted)",
            uses_attempt=False,
        ),
        Transition(
            "release",
            _from(State.RUNNING),
            State.SCHEDULED,
            EventKind.RELEASED,
            "worker (shutting down)",
            uses_attempt=False,
        ),
        Transition(
            "lose",
            _from(State.RUNNING),
            State.SCHEDULED,
            EventKind.LOST,
            "recovery (attempt lost among others of its batch)",
            uses_attempt=False,
        ),
        Transition(
            "die",
            _from(State.RUNNING),
            State.DEAD,
            EventKind.DEAD_LETTERED,
            "worker (handler failed), recovery (attempt lost)",
        ),
        Transition("cancel", UNFINISHED, State.CANCELLED, EventKind.CANCELLED, "cancel()"),
        Transition("expire", UNFINISHED, State.EXPIRED, EventKind.EXPIRED, "expiry, worker"),
    )
}
"""Every arrow there is, by name."""


def transition(name: str, source: State) -> Transition:
    """Return the arrow ``name`` if it may leave ``source``.

    Raises:
        ValueError: there is no such arrow; the message names the states it may leave.
    """
    arrow = TRANSITIONS.get(name)
    if arrow is None:
        known = ", ".join(sorted(TRANSITIONS))
        raise ValueError(f"there is no transition {name!r}; the transitions are {known}")
    if source not in arrow.sources:
        allowed = ", ".join(sorted(arrow.sources)) or "no state (it creates the task)"
        raise ValueError(f"{name!r} cannot leave {source}; it leaves {allowed}")
    return arrow


def is_allowed(source: State, target: State) -> bool:
    """Tell whether any arrow leads from ``source`` to ``target``."""
    return any(source in t.sources and t.target is target for t in TRANSITIONS.values())
