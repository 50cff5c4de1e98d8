"""Workers and beats that say they are there."""

from collections.abc import Sequence
from typing import Any

from tasks_core import clock
from tasks_core.models import Worker


def alive(
    name: str, *, role: str = "worker", subscribers: Sequence[str] | None = (), **facts: Any
) -> Worker:
    """Register a process as one that was heard of just now."""
    now = clock.now()
    given = {"hostname": name.partition("@")[2], "pid": 1, "started_at": now, "heartbeat_at": now}
    said = None if subscribers is None else list(subscribers)
    return Worker.objects.create(name=name, role=role, subscribers=said, **{**given, **facts})
