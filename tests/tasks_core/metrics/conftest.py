"""People and programs that read the metrics."""

from collections.abc import Callable

import pytest
from django.test import Client
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

TOKEN = "a-token-that-only-this-test-knows"


@pytest.fixture
def prometheus(settings: Settings) -> Client:
    """Whoever sends the token."""
    settings.DEBUG = False
    settings.BELLRINGER = {**settings.BELLRINGER, "METRICS_TOKEN": TOKEN}
    return Client(headers={"authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def scrape(prometheus: Client) -> Callable[[], dict[str, Metric]]:
    """Return a function that reads the metrics, by name."""

    def read() -> dict[str, Metric]:
        response = prometheus.get("/metrics", secure=True)
        assert response.status_code == 200, response.content
        families = text_string_to_metric_families(response.content.decode())
        return {family.name: family for family in families}

    return read
