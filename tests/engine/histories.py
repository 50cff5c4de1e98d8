"""Random lives of a task, all of them allowed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tasks_core.engine.derivation import REMARKS, TARGETS, Derived
from tasks_core.engine.events import Event, read_event
from tasks_core.engine.states import FINAL, TRANSITIONS, EventKind, State, Transition

START = datetime(2026, 3, 1, tzinfo=UTC)
DATA: dict[str, dict[str, Any]] = {
    "requeue": {"what": "message"},
    "lose": {"isolated": True},
    "release": {"reason": "stopping", "returned": True},
    "hold": {"reason": "paused"},
}


class History:
    """A life that the table of transitions allows, and what its row then says."""

    def __init__(self, task_id: int = 1) -> None:
        self.events: list[Event] = []
        self.state: State | None = None
        self.attempts = self.returned = 0
        self.started_at: datetime | None = None
        self.finished_at: datetime | None = None
        self._task_id = task_id

    def add(self, kind: EventKind, data: dict[str, Any] | None = None) -> Event:
        number = len(self.events) + 1
        event = read_event(
            kind=kind,
            id=number,
            task_id=self._task_id,
            task_type="plain",
            attempt=self.attempts,
            at=START + timedelta(minutes=number),
            data=data,
        )
        self.events.append(event)
        return event

    def go(self, arrow: Transition) -> None:
        if arrow.name == "claim":
            self.attempts += 1
        at = self.add(arrow.event, DATA.get(arrow.name)).at
        self.returned += not arrow.uses_attempt
        self.state = arrow.target
        if arrow.name == "claim" and self.started_at is None:
            self.started_at = at
        if arrow.target in FINAL:
            self.finished_at = at

    def derived(self) -> Derived:
        decisive = [event.id for event in self.events if event.kind in TARGETS]
        return Derived(
            state=self.state,
            state_event_id=decisive[-1],
            attempts=self.attempts,
            attempts_returned=self.returned,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )


@st.composite
def histories(draw: st.DrawFn, max_size: int = 30) -> History:
    """Draw a life: arrows that leave the state it is in, and remarks that fit it."""
    history = History()
    history.go(TRANSITIONS["enqueue"])
    for _ in range(draw(st.integers(0, max_size))):
        state = history.state
        assert state is not None
        steps: list[Transition | EventKind] = [
            *(t for t in TRANSITIONS.values() if state in t.sources),
            *(kind for kind, states in REMARKS.items() if state in states),
        ]
        if not steps:
            break
        step = draw(st.sampled_from(steps))
        if isinstance(step, Transition):
            history.go(step)
        else:
            history.add(step)
    return history
