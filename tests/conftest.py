"""Fixtures for all tests. The servers come from scheduler_project.embedded.pytest_plugin."""

import os
from collections.abc import Iterator
from random import Random
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings
from django.db import connection

from notifications import keyring
from tasks_core import attempting


class LongestWait(Random):
    """Draws the upper end of each range."""

    def uniform(self, a: float, b: float) -> float:
        """Return the larger one."""
        return max(a, b)


@pytest.fixture(autouse=True)
def whole_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for their whole delay: a short draw would let some come due within a test."""
    monkeypatch.setattr(attempting, "_rng", LongestWait())


@pytest.fixture(autouse=True)
def no_remembered_keys() -> None:
    """Another test's database had other keys."""
    keyring.forget()


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """Give a client of the broker, from which the keys of this test worker were removed."""
    with redis.Redis.from_url(os.environ["BROKER_URL"], **settings.REDIS_OPTIONS) as client:
        keys = list(client.scan_iter(f"{settings.KEY_PREFIX}*", count=1000))
        if keys:
            client.delete(*keys)
        yield client


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """Return what makes another process work on this test's database and queues."""
    address = urlsplit(os.environ["DATABASE_URL"])
    database = address._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(database),
        "BELLRINGER_KEY_PREFIX": settings.KEY_PREFIX,
    }
