"""How much of a lane may wait in the broker."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.window import FIRST_GUESS, Window


def test_full_lane_has_no_room() -> None:
    assert Window(40).room(40) == 0
    assert Window(40).room(4_000) == 0


def test_empty_lane_has_room_for_its_messages() -> None:
    assert Window(40).room(0) == 40 * FIRST_GUESS


def test_room_shrinks_with_what_waits() -> None:
    assert Window(40).room(30) == 10 * FIRST_GUESS


def test_window_learns_how_much_a_message_carries() -> None:
    window = Window(10)

    for _ in range(30):
        window.published(tasks=500, messages=10)

    assert 499 <= window.room(0) <= 500


def test_round_without_messages_teaches_nothing() -> None:
    window = Window(10)

    window.published(tasks=0, messages=0)

    assert window.room(0) == 10 * FIRST_GUESS


@given(
    rounds=st.lists(st.tuples(st.integers(1, 200), st.integers(1, 100))),
    waiting=st.integers(0, 200),
)
def test_room_stays_within_the_largest_batch_seen(
    rounds: list[tuple[int, int]], waiting: int
) -> None:
    window = Window(40)
    for per_message, messages in rounds:
        window.published(tasks=per_message * messages, messages=messages)

    largest = max([FIRST_GUESS, *(float(size) for size, _ in rounds)])
    assert 0 <= window.room(waiting) <= max(0, 40 - waiting) * largest
