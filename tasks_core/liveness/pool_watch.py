"""Which processes of a pool stand still."""

import time
from pathlib import Path
from typing import Any

from tasks_core.worker import pulse

SILENT_SECONDS = 12.0
"""Without a sign of life for so long a process stands still; a loaded machine makes less of a second."""

STOPPED = frozenset("tT")
"""What Linux calls a process that a signal or a debugger has stopped."""


class PoolWatch:
    """Asked every few seconds in the main process of a prefork worker; other pools have no processes."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._asked_at = float("-inf")
        self._fair_since = 0.0

    def silent(self) -> list[int]:
        """Return the ids of the processes that stand still."""
        now = time.monotonic()
        if now - self._asked_at > SILENT_SECONDS / 2:
            # This process stood still itself, with all of its machine perhaps: the others get their time.
            self._fair_since = now
        self._asked_at = now
        return [pid for place, pid in processes_of(self._pool) if self._is_silent(place, pid, now)]

    def _is_silent(self, place: int, pid: int, now: float) -> bool:
        last = pulse.last_beat(place, pid)
        return last is not None and now - max(last, self._fair_since) > SILENT_SECONDS


def processes_of(pool: Any) -> list[tuple[int, int]]:
    """Return place and id of each process of a Celery pool; none of a pool that has no processes."""
    members = list(getattr(getattr(pool, "_pool", None), "_pool", None) or ())
    return [
        (member.index, member.pid)
        for member in members
        if hasattr(member, "index") and getattr(member, "pid", None)
    ]


def is_stopped(pid: int) -> bool:
    """Tell whether the process is stopped by a signal or a debugger; False where that cannot be known."""
    try:
        # After the name, which is in brackets and may hold anything.
        return (
            Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2][1] in STOPPED
        )
    except (OSError, IndexError):
        return False
