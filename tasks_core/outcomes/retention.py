"""How long tasks stay after their end."""

from __future__ import annotations

from datetime import timedelta

from tasks_core.conf import setting
from tasks_core.engine.states import State


def retention(state: State) -> timedelta:
    """Return how long tasks that ended in ``state`` are kept."""
    name = "RETENTION_DAYS" if state is State.SUCCEEDED else "RETENTION_DAYS_UNSUCCESSFUL"
    return timedelta(days=setting(name))
