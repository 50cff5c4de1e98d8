"""How long tasks stay after their end."""

from datetime import timedelta

from tasks_core import conf
from tasks_core.engine.states import State


def retention(state: State) -> timedelta:
    """Return how long tasks that ended in ``state`` are kept."""
    said = conf.current()
    is_success = state is State.SUCCEEDED
    return timedelta(days=said.retention_days if is_success else said.retention_days_unsuccessful)
