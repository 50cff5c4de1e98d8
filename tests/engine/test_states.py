"""The table of transitions: what is allowed, what is refused, and how the refusal reads."""

from itertools import product

import pytest

from tasks_core.engine.states import (
    FINAL,
    NOT_STARTED,
    TRANSITIONS,
    UNFINISHED,
    WAITING,
    EventKind,
    State,
    is_allowed,
    transition,
)

ARROWS = {
    "enqueue": ("", "SCHEDULED"),
    "dispatch": ("SCHEDULED RETRYING", "QUEUED"),
    "claim": ("QUEUED", "RUNNING"),
    "requeue": ("QUEUED", "SCHEDULED"),
    "hold": ("QUEUED", "SCHEDULED"),
    "succeed": ("RUNNING", "SUCCEEDED"),
    "retry": ("RUNNING", "RETRYING"),
    "snooze": ("RUNNING", "SCHEDULED"),
    "yield": ("RUNNING", "SCHEDULED"),
    "release": ("RUNNING", "SCHEDULED"),
    "lose": ("RUNNING", "SCHEDULED"),
    "die": ("RUNNING", "DEAD"),
    "cancel": ("SCHEDULED QUEUED RUNNING RETRYING", "CANCELLED"),
    "expire": ("SCHEDULED QUEUED RUNNING RETRYING", "EXPIRED"),
}
"""The life cycle as the design has it, written down a second time on purpose."""


def _sources(name: str) -> set[State]:
    return {State(word) for word in ARROWS[name][0].split()}


def test_table_has_exactly_the_arrows_of_the_design() -> None:
    table = {name: (set(t.sources), str(t.target)) for name, t in TRANSITIONS.items()}

    assert table == {name: (_sources(name), target) for name, (_, target) in ARROWS.items()}


@pytest.mark.parametrize(("name", "source"), [(n, s) for n in ARROWS for s in _sources(n)])
def test_allowed_transition_is_returned(name: str, source: State) -> None:
    assert transition(name, source) is TRANSITIONS[name]


@pytest.mark.parametrize(
    ("name", "source"), [(n, s) for n, s in product(ARROWS, State) if s not in _sources(n)]
)
def test_other_transition_is_refused_with_what_would_be_right(name: str, source: State) -> None:
    with pytest.raises(ValueError, match=f"'{name}' cannot leave {source}; it leaves") as refusal:
        transition(name, source)

    for allowed in _sources(name):
        assert allowed in str(refusal.value)


def test_unknown_transition_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no transition .explode.*cancel, claim, die"):
        transition("explode", State.RUNNING)


@pytest.mark.parametrize("final", sorted(FINAL))
def test_nothing_leaves_a_final_state(final: State) -> None:
    assert not [t.name for t in TRANSITIONS.values() if final in t.sources]
    assert not any(is_allowed(final, target) for target in State)


@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_every_unfinished_state_is_reached_and_left(state: State) -> None:
    assert any(t.target is state for t in TRANSITIONS.values())
    assert any(state in t.sources for t in TRANSITIONS.values())


def test_groups_of_states_divide_them() -> None:
    assert set(State) == FINAL | UNFINISHED
    assert not FINAL & UNFINISHED
    assert NOT_STARTED | {State.RUNNING} == UNFINISHED
    assert WAITING | {State.QUEUED} == NOT_STARTED


def test_only_what_the_handler_did_not_do_gives_the_attempt_back() -> None:
    returned = {t.name for t in TRANSITIONS.values() if not t.uses_attempt}

    assert returned == {"snooze", "yield", "release", "lose"}


def test_every_arrow_has_an_event_of_its_own_kind() -> None:
    kinds = [t.event for t in TRANSITIONS.values()]

    assert set(kinds) <= set(EventKind)
    assert {kind for kind in kinds if kinds.count(kind) > 1} == {
        EventKind.RELEASED,  # given back by the dispatcher or by the worker
        EventKind.LOST,  # the message or the attempt
    }
