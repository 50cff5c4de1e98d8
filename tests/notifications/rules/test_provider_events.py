"""Reports of providers, in any order and any number, lead to the same end (guarantee 12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.provider_events import LEADS_TO, EventKind
from notifications.states import RANK, DeliveryState, outranked_by

pytestmark = pytest.mark.guarantee(n=12)


def followed(state: DeliveryState, kinds: list[EventKind]) -> DeliveryState:
    for kind in kinds:
        target = LEADS_TO.get(kind)
        if target and state in outranked_by(DeliveryState(target)):
            state = DeliveryState(target)
    return state


events = st.lists(st.sampled_from(EventKind), max_size=12)


@given(st.sampled_from(DeliveryState), events, st.permutations(range(12)))
def test_the_order_of_reports_does_not_matter(
    state: DeliveryState, kinds: list[EventKind], order: list[int]
) -> None:
    shuffled = [kinds[place] for place in order if place < len(kinds)]
    assert followed(state, shuffled) == followed(state, kinds)


@given(st.sampled_from(DeliveryState), events)
def test_a_delivery_never_moves_backwards_and_copies_change_nothing(
    state: DeliveryState, kinds: list[EventKind]
) -> None:
    end = followed(state, kinds)
    assert RANK[end] >= RANK[state]
    assert followed(end, kinds) == end


def test_every_state_has_a_rank_and_every_target_is_a_state() -> None:
    assert set(RANK) == set(DeliveryState)
    assert {DeliveryState(target) for target in LEADS_TO.values()} <= set(DeliveryState)
