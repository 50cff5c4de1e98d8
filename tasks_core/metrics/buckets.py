"""The bounds of the histograms, and which bucket a value falls into.

The database keeps bucket numbers, not bounds: bounds that have been counted by can only be changed together
with what is stored.
"""

from collections.abc import Iterator, Mapping

MILLISECONDS = (
    *(1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0),
    *(1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0),
    *(300_000.0, 1_800_000.0, 7_200_000.0),
)
"""Upper bounds, inclusive, of durations, waits and lateness."""

RETRIES = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0)
"""The same, of attempts after the first."""


def bucket_of(value: str, bounds: str) -> str:
    """Return, in SQL, how many of the bounds ``value`` exceeds; ``bounds`` are given as ``mirrored``."""
    # width_bucket includes the lower bound, Prometheus the upper one.
    return f"(cardinality({bounds}) - width_bucket(-({value})::float8, {bounds}))::smallint"


def mirrored(bounds: tuple[float, ...]) -> list[float]:
    """Return the bounds as ``bucket_of`` wants them."""
    return [-bound for bound in reversed(bounds)]


def cumulative(counts: Mapping[int, int], bounds: tuple[float, ...]) -> Iterator[tuple[float, int]]:
    """Yield each bound, and at last infinity, with how many values do not exceed it."""
    so_far = 0
    for bucket, bound in enumerate((*bounds, float("inf"))):
        so_far += counts.get(bucket, 0)
        yield bound, so_far


def quantile(share: float, counts: Mapping[int, int], bounds: tuple[float, ...]) -> float | None:
    """Return what ``share`` of the values do not exceed, as nearly as the buckets tell; None without values.

    Values beyond the last bound count as the last bound.
    """
    wanted = share * sum(counts.get(bucket, 0) for bucket in range(len(bounds) + 1))
    lower, before = 0.0, 0
    for bound, so_far in cumulative(counts, bounds):
        if so_far >= wanted and so_far > before:
            if bound == float("inf"):
                return bounds[-1]
            return lower + (bound - lower) * max(wanted - before, 0) / (so_far - before)
        lower, before = bound, so_far
    return None
