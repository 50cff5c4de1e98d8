"""docs/metrics.md lists what /metrics tells, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.core import Metric

from tasks_core.metrics.handler import MetricsHandler
from tasks_core.metrics.sampling import Sampler

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_each_metric_is_documented(scrape: Callable[[], dict[str, Metric]]) -> None:
    MetricsHandler().create()
    Sampler().sample()
    told = {
        f"{name}_total" if family.type == "counter" else name for name, family in scrape().items()
    }
    cells = re.findall(r"^\| ([^|]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    documented = set(re.findall(r"`(\w+)`", " ".join(cells)))
    assert documented == told
