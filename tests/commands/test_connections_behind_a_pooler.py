"""Behind a pooler the database never sees all connections that processes open."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, connections

from tasks_core import clock
from tasks_core.health import Level
from tasks_core.health.connections import look
from tasks_core.models import Worker
from tests.support.forwarder import Forwarder, forwarding

BACKEND_KEY = re.compile(rb"K\x00\x00\x00\x0c.{8}", re.DOTALL)


@pytest.fixture
def way(transactional_db: None) -> Iterator[Forwarder]:
    """Go to the database by way of a forwarder, and have a worker of a thousand processes."""
    known = connections.settings["default"]
    before = {name: known[name] for name in ("HOST", "PORT", "OPTIONS")}
    connection.close()
    with forwarding(known["HOST"], int(known["PORT"])) as forwarder:
        plain = {**known["OPTIONS"], "sslmode": "disable"}
        known.update(HOST="127.0.0.1", PORT=forwarder.port, OPTIONS=plain)
        now = clock.now()
        Worker.objects.create(
            name="w@host",
            role=Worker.Role.WORKER,
            hostname="host",
            pid=1,
            concurrency=1_000,
            started_at=now - timedelta(hours=1),
            heartbeat_at=now,
        )
        connection.close()
        yield forwarder
        connection.close()
        known.update(before)


def test_what_processes_may_open_is_held_against_the_database_itself(way: Forwarder) -> None:
    [finding] = look()
    assert finding.level is Level.DEGRADED
    assert "also for web processes" in finding.message


def test_it_is_not_where_a_pooler_stands_before_it(way: Forwarder) -> None:
    # As PgBouncer does, which answers a client's cancellations itself.
    way.change = lambda data: BACKEND_KEY.sub(b"K\x00\x00\x00\x0c\x12\x34\x56\x78abcd", data)
    [finding] = look()
    assert finding.level is Level.HEALTHY
