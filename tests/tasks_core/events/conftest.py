"""Fixtures: a registry of subscribers to add to, and partitions as they were before."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tasks_core import clock
from tasks_core.events import subscription
from tasks_core.events.partitions import DEFAULT, days, make_ahead, partition_name


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the subscribers that a test registers, and those of the apps."""
    monkeypatch.setattr(subscription, "_subscriptions", {})


@pytest.fixture
def partitions(transactional_db: None) -> Iterator[None]:
    """Begin with the partitions that a new installation has, and leave them to the next test."""
    _renew()
    yield
    _renew()


def _renew() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {DEFAULT}")
        for day in days():
            cursor.execute(f"DROP TABLE {partition_name(day)}")
    make_ahead(clock.now())
