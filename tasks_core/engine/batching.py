"""How many tasks travel in one message.

A batch shares the cost of its claim, its finish and its message. It should be as large as possible and
yet be over soon, so that work spreads over the workers, a stop is quick and urgent tasks get their turn:
it aims at a fixed time.
"""

from typing import TypeVar

ItemT = TypeVar("ItemT")

TARGET_SECONDS = 0.2
MAX_BATCH = 200
FIRST_BATCH = 10
"""Batch of a type whose run time nobody has measured yet."""
FIRST_TOGETHER = 50
"""The same, where one call of the handler takes the whole batch: they are cheap together, or it would not."""

SMOOTHING = 0.2
"""Weight of the newest measurement in the mean."""


def batch_size(
    mean_runtime: float | None,
    *,
    cap: int | None = None,
    side_by_side: int = 1,
    together: bool = False,
) -> int:
    """Return how many tasks to put into one message.

    Args:
        mean_runtime: mean seconds of one run of this type, or None when not measured.
        cap: the type's own limit.
        side_by_side: how many of them a worker process runs at once.
        together: whether one call of the handler takes all of them.
    """
    limit = min(cap or MAX_BATCH, MAX_BATCH)
    if mean_runtime is None:
        # Half of what runs at once takes no longer than one, and leaves something for another worker.
        first = FIRST_TOGETHER if together else FIRST_BATCH
        return min(max(first, side_by_side // 2), limit)
    mean_runtime /= side_by_side
    if mean_runtime * limit <= TARGET_SECONDS:
        return limit
    return max(1, int(TARGET_SECONDS / mean_runtime))


def smoothed(mean: float | None, sample: float) -> float:
    """Return the mean run time after one more measurement."""
    return sample if mean is None else mean + SMOOTHING * (sample - mean)


def chunks(items: list[ItemT], size: int) -> list[list[ItemT]]:
    """Split ``items`` into lists of at most ``size``, in order."""
    return [items[start : start + size] for start in range(0, len(items), size)]
