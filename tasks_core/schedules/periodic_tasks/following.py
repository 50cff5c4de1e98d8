"""The duty of the leading beat to follow the periodic tasks."""

from collections.abc import Callable

from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.leadership import Leadership
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tasks_core.schedules.periodic_tasks.settings_entries import adopt_settings_entries
from tasks_core.sql.periodic_tasks import is_anything_there, look_again

LOOK_SECONDS = 4.0
"""How often it looks. A change is to be noticed within 5 seconds."""

FOLLOWER_SECONDS = 1.0


def following(leadership: Leadership) -> Callable[[], float]:
    """Return the work of the duty; who leads anew looks again at what was not understood before."""
    seen_fence: int | None = None

    def work() -> float:
        nonlocal seen_fence
        if leadership.fence is None:
            return FOLLOWER_SECONDS
        if leadership.fence != seen_fence:
            with bounded_locks():
                adopt_settings_entries()
                look_again()
            seen_fence = leadership.fence
        return 0.0 if is_anything_there() and follow() else LOOK_SECONDS

    return work
