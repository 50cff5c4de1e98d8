"""Quantiles of measured times."""

from collections.abc import Sequence


def quantile(ordered: Sequence[float], q: float) -> float:
    """The value below which the share `q` of an ascending, non-empty sequence lies (nearest
    rank).
    """
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def spread(seconds: Sequence[float], prefix: str = "") -> dict[str, float]:
    """p50, p95, p99 and the largest, in milliseconds; nothing if there is nothing."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        f"{prefix}p50_ms": quantile(ordered, 0.50) * 1000,
        f"{prefix}p95_ms": quantile(ordered, 0.95) * 1000,
        f"{prefix}p99_ms": quantile(ordered, 0.99) * 1000,
        f"{prefix}max_ms": ordered[-1] * 1000,
    }
