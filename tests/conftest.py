"""Fixtures for all tests. The servers come from scheduler_project.embedded.pytest_plugin."""

import os

import pytest
import redis
from django.conf import settings


@pytest.fixture
def broker() -> "redis.Redis":
    """Return a client of the test's broker, from which this worker's keys were removed."""
    client = redis.Redis.from_url(os.environ["BROKER_URL"], **settings.REDIS_OPTIONS)
    keys = list(client.scan_iter(f"{settings.KEY_PREFIX}*"))
    if keys:
        client.delete(*keys)
    return client
