"""Metric families as Prometheus knows them, with little to write."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.utils import floatToGoString

Values = Mapping[tuple[str, ...], float]


def gauge(name: str, text: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, text, value=value)


def gauges(name: str, text: str, labels: Sequence[str], values: Values) -> Metric:
    """Return a gauge with a value for each combination of labels."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def limits(buckets: Iterable[tuple[float, int]]) -> list[tuple[str, float]]:
    """Return the buckets of a histogram as they are written."""
    return [(floatToGoString(bound), count) for bound, count in buckets]  # type: ignore[no-untyped-call]
