"""The decision about a ladder, over every combination of states."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from notifications.rules.fallback import (
    OPEN,
    UNSUCCESSFUL,
    Ladder,
    Move,
    Step,
    StepState,
    Until,
    decide,
)

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
STATES = (*sorted(OPEN | UNSUCCESSFUL), "sent", "delivered", "expired", "cancelled")


def ladder(
    *deliveries: str,
    until: Until = Until.SENT,
    due: timedelta | None = None,
    state: str = "in_progress",
    expires: timedelta | None = None,
    is_wiped: bool = False,
) -> Ladder:
    """Make one whose last step has not begun, and whose earlier ones ask for the same."""
    steps = [
        Step(
            position=position,
            channel="email",
            until=until,
            state=StepState.BEGUN,
        )
        for position in range(1, len(deliveries))
    ]
    left = StepState.UNNEEDED if state == "sent" else StepState.WAITING
    last = Step(
        position=len(deliveries),
        channel="email",
        until=until,
        state=left,
        due_at=None if due is None else NOW + due,
    )
    return Ladder(
        notification_id=1,
        state=state,
        expires_at=None if expires is None else NOW + expires,
        is_wiped=is_wiped,
        steps=(*steps, last),
        deliveries=dict(enumerate(deliveries)),
    )


@pytest.mark.parametrize("state", STATES)
def test_one_delivery_and_a_step_that_waits_for_failure(state: str) -> None:
    expected = {
        **dict.fromkeys(OPEN, Move.WAIT),
        **dict.fromkeys(UNSUCCESSFUL, Move.BEGIN),
        **dict.fromkeys(("sent", "delivered"), Move.UNNEEDED),
        **dict.fromkeys(("expired", "cancelled"), Move.SKIP),
    }
    assert decide(ladder(state), NOW).move is expected[state]


@pytest.mark.parametrize(("first", "second"), list(product(STATES, STATES)))
def test_a_third_step_waits_while_any_delivery_is_on_its_way(first: str, second: str) -> None:
    move = decide(ladder(first, second), NOW).move
    if {first, second} & {"sent", "delivered"}:
        assert move is Move.UNNEEDED
    elif second in ("expired", "cancelled"):
        assert move is Move.SKIP
    elif {first, second} & OPEN:
        assert move is Move.WAIT
    else:
        assert move is Move.BEGIN


@pytest.mark.parametrize("state", STATES)
def test_what_must_be_delivered_is_not_satisfied_with_sent(state: str) -> None:
    move = decide(ladder(state, until=Until.DELIVERED, due=timedelta(minutes=1)), NOW).move
    assert (move is Move.UNNEEDED) == (state == "delivered")
    assert (move is Move.WAIT) == (state in OPEN or state == "sent")


@pytest.mark.parametrize("until", Until)
def test_a_step_begins_when_it_is_due_and_not_a_moment_earlier(until: Until) -> None:
    assert decide(ladder("sending", until=until, due=timedelta(0)), NOW).move is Move.BEGIN
    early = ladder("sending", until=until, due=timedelta(microseconds=1))
    assert decide(early, NOW).move is Move.WAIT


@pytest.mark.parametrize("state", sorted(OPEN | UNSUCCESSFUL))
def test_nothing_begins_from_the_instant_of_expiry(state: str) -> None:
    late = ladder(state, due=timedelta(0), expires=timedelta(0))
    assert decide(late, NOW).move is Move.SKIP


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled", "suppressed"])
def test_a_notification_that_has_ended_without_success_begins_nothing(state: str) -> None:
    assert decide(ladder("bounced", state=state), NOW).move is Move.SKIP


@pytest.mark.parametrize("state", STATES)
def test_after_the_end_only_a_return_begins_a_step(state: str) -> None:
    move = decide(ladder(state, state="sent", due=timedelta(0)), NOW).move
    assert (move is Move.BEGIN) == (state in UNSUCCESSFUL)


def test_nothing_begins_where_nothing_can_be_written() -> None:
    assert decide(ladder("bounced", state="sent", is_wiped=True), NOW).move is Move.SKIP
