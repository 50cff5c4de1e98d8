"""What became of a task, derived from its events alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks_core.engine.events import (
    Event,
    TaskLost,
    TaskReleased,
    TaskSnoozed,
    TaskStarted,
    TaskYielded,
)
from tasks_core.engine.states import FINAL, NOT_STARTED, TRANSITIONS, WAITING, EventKind, State

TARGETS: dict[EventKind, State] = {t.event: t.target for t in TRANSITIONS.values()}
"""The state that an event leads to, if it leads to one."""

REMARKS: dict[EventKind, frozenset[State]] = {
    EventKind.FAILED: frozenset({State.RUNNING}),
    EventKind.PROGRESSED: frozenset({State.RUNNING}),
    EventKind.RESCHEDULED: WAITING,
    EventKind.REPLACED: NOT_STARTED,
    EventKind.REPLAYED: frozenset({State.DEAD}),
    EventKind.DISCARDED: frozenset({State.DEAD}),
}
"""Events that change no state, and the states in which they may happen."""

_ARROWS = {(t.event, source): t for t in TRANSITIONS.values() for source in t.sources}
_FIRST = {t.event for t in TRANSITIONS.values() if not t.sources}

MAX_VIOLATIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What the events of a task say of it, as far as they have been replayed.

    Attributes:
        state: None before any event led to one.
        state_event_id: the event that led to it; 0 if there was none.
        attempts: executions begun.
        attempts_returned: those that do not count against the retry policy.
        started_at: when the first attempt began.
        finished_at: when the task reached a final state.
    """

    state: State | None = None
    state_event_id: int = 0
    attempts: int = 0
    attempts_returned: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the events lead to, and which of them the table of transitions does not allow."""

    derived: Derived
    violations: list[str]


NOTHING = Derived()


def replay(events: Iterable[Event], start: Derived = NOTHING) -> Replayed:
    """Replay the events of one task, given in the order of their ids.

    Args:
        events: may be an iterator; none is kept.
        start: what earlier events, which are not stored any more, had led to.
    """
    task = _Task(start)
    for event in events:
        task.take(event)
    return Replayed(task.derived(), task.violations)


def gives_back(event: Event) -> bool:
    """Tell whether the event ends an attempt that then does not count."""
    if isinstance(event, TaskLost):
        return event.what != "message"
    if isinstance(event, TaskReleased):
        return event.returned is True
    return isinstance(event, (TaskSnoozed, TaskYielded))


class _Task:
    """The task as it was after the events so far."""

    def __init__(self, start: Derived) -> None:
        self.violations: list[str] = []
        self._summarized_until = start.state_event_id
        self._state = start.state
        self._state_event_id = start.state_event_id
        self._attempts = start.attempts
        self._returned = start.attempts_returned
        self._started_at = start.started_at
        self._finished_at = start.finished_at

    def derived(self) -> Derived:
        return Derived(
            state=self._state,
            state_event_id=self._state_event_id,
            attempts=self._attempts,
            attempts_returned=self._returned,
            started_at=self._started_at,
            finished_at=self._finished_at,
        )

    def take(self, event: Event) -> None:
        """Apply one event.

        Around midnight an event may be stored with the day after one that was committed later, because
        the clocks of two machines differ. If that later one is in the summary already, the state has moved
        on, and only what the event counts is left to be applied.
        """
        is_in_order = event.id > self._summarized_until
        if is_in_order:
            self._check(event)
        self._count(event)
        target = TARGETS.get(event.kind)
        if target is not None and is_in_order:
            self._state, self._state_event_id = target, event.id

    def _count(self, event: Event) -> None:
        self._attempts = max(self._attempts, event.attempt)
        self._returned += gives_back(event)
        if isinstance(event, TaskStarted) and event.attempt == 1:
            self._started_at = event.at
        if TARGETS.get(event.kind) in FINAL:
            self._finished_at = event.at

    def _check(self, event: Event) -> None:
        expected = self._attempts + isinstance(event, TaskStarted)
        if event.attempt != expected:
            self._violated(event, f"is of attempt {event.attempt} instead of {expected}")
        if event.kind in REMARKS:
            if self._state not in REMARKS[event.kind]:
                self._violated(event, f"happened to a task that was {_word(self._state)}")
        elif self._state is None:
            if event.kind not in _FIRST:
                self._violated(event, "happened before the task was scheduled")
        else:
            self._check_arrow(event, self._state)

    def _check_arrow(self, event: Event, source: State) -> None:
        arrow = _ARROWS.get((event.kind, source))
        if arrow is None:
            self._violated(event, f"cannot leave {source}")
        elif gives_back(event) is arrow.uses_attempt:
            said = "an attempt" if gives_back(event) else "no attempt"
            self._violated(event, f"gives back {said}, which {arrow.name!r} contradicts")

    def _violated(self, event: Event, what: str) -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(f"event {event.id} ({event.kind}) {what}")


def _word(state: State | None) -> str:
    return "not scheduled" if state is None else state
