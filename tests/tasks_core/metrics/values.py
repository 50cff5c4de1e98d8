"""Read single values out of metrics."""

from prometheus_client.core import Metric


def value(metrics: dict[str, Metric], sample: str, **labels: str) -> float:
    """Return the value of the one sample with this name and these labels."""
    found = [
        each.value
        for family in metrics.values()
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]
    assert len(found) == 1, f"{len(found)} samples are called {sample} {labels}"
    return found[0]


def label_values(metrics: dict[str, Metric], label: str) -> set[str]:
    """Return all values that a label has anywhere."""
    return {
        sample.labels[label]
        for family in metrics.values()
        for sample in family.samples
        if label in sample.labels
    }
