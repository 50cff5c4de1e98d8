"""Fixtures: rows of living processes, and no answer left over from another test."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis

from tasks_core import clock, registry
from tasks_core.events.queues import queue_names
from tasks_core.health.pages import ready
from tasks_core.health.shared import SharedExamination
from tasks_core.lanes import expand
from tasks_core.models import Leadership, Worker


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each request examine anew."""
    monkeypatch.setattr(ready, "examination", SharedExamination(kept=0.0))


@pytest.fixture
def living(transactional_db: None, broker: "redis.Redis") -> Callable[[Worker.Role], Worker]:
    """Return a function that makes the row of a process that is alive."""

    def make(role: Worker.Role) -> Worker:
        now = clock.now()
        if role is Worker.Role.BEAT:
            until = now + timedelta(hours=1)
            Leadership.objects.create(name="schedules", holder="h:1", fence=1, expires_at=until)
        return Worker.objects.create(
            name=f"{role}@host.internal",
            role=role,
            hostname="host.internal",
            pid=1,
            queues=expand(queue_names()) if role is Worker.Role.WORKER else [],
            task_types=sorted(registry.task_types()),
            started_at=now,
            heartbeat_at=now,
        )

    return make


@pytest.fixture
def all_alive(living: Callable[[Worker.Role], Worker]) -> Worker:
    """Make a beat and a worker of all queues; return the worker."""
    living(Worker.Role.BEAT)
    return living(Worker.Role.WORKER)
