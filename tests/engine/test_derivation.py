"""Events alone tell what became of a task, and which of them cannot be."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.derivation import replay
from tasks_core.engine.events import Event, read_event
from tasks_core.engine.states import State
from tests.engine.histories import START, History, histories


@given(histories())
def test_a_legal_life_replays_to_the_state_that_its_transitions_give(history: History) -> None:
    replayed = replay(iter(history.events))

    assert replayed.violations == []
    assert replayed.derived == history.derived()


@given(histories(), st.data())
def test_a_life_replays_the_same_from_a_summary_of_its_beginning(
    history: History, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history.events)))
    start = replay(history.events[:cut]).derived

    replayed = replay(history.events[cut:], start)

    assert replayed.violations == []
    assert replayed.derived == history.derived()


@given(histories(), st.data())
def test_a_life_whose_clocks_differ_around_midnight_replays_the_same(
    history: History, data: st.DataObject
) -> None:
    """One event is stored with the day after, although later ones are in the summary."""
    cut = data.draw(st.integers(1, len(history.events)))
    strayed = data.draw(st.integers(0, cut - 1))
    later = [history.events[strayed], *history.events[cut:]]
    summarized = [e for e in history.events[:cut] if e is not history.events[strayed]]
    start = replay(summarized).derived

    assert replay(later, start).derived == history.derived()


def _life(*kinds: str) -> Iterator[Event]:
    attempts = 0
    for number, kind in enumerate(kinds, 1):
        attempts += kind == "started"
        yield read_event(
            kind=kind, id=number, task_id=1, task_type="plain", attempt=attempts, at=START
        )


@pytest.mark.parametrize(
    ("kinds", "violation"),
    [
        ("queued", "event 1 (queued) happened before the task was scheduled"),
        ("scheduled started", "event 2 (started) cannot leave SCHEDULED"),
        ("scheduled scheduled", "event 2 (scheduled) cannot leave SCHEDULED"),
        ("scheduled queued queued", "event 3 (queued) cannot leave QUEUED"),
        ("scheduled cancelled queued", "event 3 (queued) cannot leave CANCELLED"),
        ("scheduled failed", "event 2 (failed) happened to a task that was SCHEDULED"),
        ("progressed", "event 1 (progressed) happened to a task that was not scheduled"),
        (
            "scheduled queued started released",
            "event 4 (released) gives back no attempt, which 'release' contradicts",
        ),
        ("scheduled queued lost", "event 3 (lost) gives back an attempt, which 'requeue' contradicts"),
    ],
)  # fmt: skip
def test_what_the_table_of_transitions_does_not_allow_is_reported(
    kinds: str, violation: str
) -> None:
    assert replay(_life(*kinds.split())).violations == [violation]


def test_the_end_is_that_of_the_last_event_even_if_it_was_not_allowed() -> None:
    replayed = replay(_life("scheduled", "completed"))

    assert replayed.derived.state is State.SUCCEEDED
    assert len(replayed.violations) == 1


def test_an_event_of_an_attempt_that_did_not_begin_is_reported() -> None:
    events = [*_life("scheduled", "queued", "started")]
    late = read_event(
        kind="completed", id=4, task_id=1, task_type="plain", attempt=2, at=START
    )  # fmt: skip

    assert replay([*events, late]).violations == [
        "event 4 (completed) is of attempt 2 instead of 1"
    ]


def test_so_many_violations_are_told_and_no_more() -> None:
    assert len(replay(_life(*["queued"] * 100)).violations) == 20
