"""How many tasks travel in one message."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.batching import (
    FIRST_BATCH,
    FIRST_TOGETHER,
    MAX_BATCH,
    TARGET_SECONDS,
    batch_size,
    chunks,
    smoothed,
)

runtimes = st.none() | st.floats(0, 10_000)
caps = st.none() | st.integers(1, 10_000)


def test_unmeasured_type_starts_small() -> None:
    assert batch_size(None) == FIRST_BATCH


def test_unmeasured_type_that_runs_side_by_side_starts_with_half_of_what_runs_at_once() -> None:
    assert batch_size(None, side_by_side=100) == 50
    assert batch_size(None, side_by_side=100, cap=7) == 7
    assert batch_size(None, side_by_side=4) == FIRST_BATCH


def test_unmeasured_type_whose_handler_takes_a_batch_starts_with_more() -> None:
    assert batch_size(None, together=True) == FIRST_TOGETHER > FIRST_BATCH
    assert batch_size(None, together=True, cap=7) == 7
    assert batch_size(0.01, together=True) == batch_size(0.01)


def test_what_runs_side_by_side_takes_its_share_of_the_time() -> None:
    assert batch_size(2.0, side_by_side=100) == batch_size(0.02)


def test_fast_type_travels_in_large_batches() -> None:
    assert batch_size(0.0001) == MAX_BATCH


def test_slow_type_travels_alone() -> None:
    assert batch_size(0.2) == 1
    assert batch_size(60.0) == 1


def test_type_in_between_fills_the_target_time() -> None:
    assert batch_size(0.01) == 20


@given(runtime=runtimes, cap=caps)
def test_batch_is_never_empty_and_never_over_a_limit(
    runtime: float | None, cap: int | None
) -> None:
    size = batch_size(runtime, cap=cap)

    assert 1 <= size <= min(cap or MAX_BATCH, MAX_BATCH)
    if runtime is not None and size > 1:
        assert size * runtime <= TARGET_SECONDS * 1.000001


@given(mean=st.none() | st.floats(0, 1e6), sample=st.floats(0, 1e6))
def test_mean_moves_towards_the_sample(mean: float | None, sample: float) -> None:
    new = smoothed(mean, sample)

    first = sample if mean is None else mean
    slack = 1e-9 * max(first, sample)
    assert min(first, sample) - slack <= new <= max(first, sample) + slack


@given(ids=st.lists(st.integers()), size=st.integers(1, 50))
def test_chunks_keep_every_id_in_order(ids: list[int], size: int) -> None:
    parts = chunks(ids, size)

    assert [i for part in parts for i in part] == ids
    assert all(1 <= len(part) <= size for part in parts)
