"""One examination for all who ask at the same time, and for a moment afterwards."""

import threading
import time
from collections.abc import Callable

from tasks_core.health.deadline import examine_in_time
from tasks_core.health.finding import Finding

KEPT_SECONDS = 1.5


class SharedExamination:
    """However many ask, the platform is examined once every ``kept`` seconds at most, per process."""

    def __init__(
        self, examine: Callable[[], list[Finding]] = examine_in_time, *, kept: float = KEPT_SECONDS
    ) -> None:
        self._examine = examine
        self._kept = kept
        self._findings: list[Finding] = []
        self._examined_at = float("-inf")
        self._lock = threading.Lock()

    def findings(self) -> list[Finding]:
        """Return what was found, at most ``kept`` seconds ago; wait for who is examining at present."""
        with self._lock:
            if time.monotonic() - self._examined_at > self._kept:
                self._findings = self._examine()
                self._examined_at = time.monotonic()
            return self._findings
