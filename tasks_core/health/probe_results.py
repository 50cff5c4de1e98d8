"""Where the strands of an examination put what they find, and see what the others have found."""

import threading
import time
from collections.abc import Collection

from tasks_core.health.finding import Finding


class ProbeResults:
    """The findings of each probe, as they come in. What comes after the deadline is left out."""

    def __init__(self, names: Collection[str], *, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self._names = list(names)
        self._found: dict[str, list[Finding]] = {}
        self._changed = threading.Condition()

    def put(self, name: str, findings: list[Finding]) -> None:
        """Write down what the probe ``name`` found."""
        with self._changed:
            self._found.setdefault(name, findings)
            self._changed.notify_all()

    def wait_for(self, names: Collection[str]) -> dict[str, list[Finding]]:
        """Return what those of ``names`` found that were asked at all, by the deadline at the latest."""
        asked = [name for name in names if name in self._names]
        with self._changed:
            left = self.deadline - time.monotonic()
            self._changed.wait_for(lambda: all(name in self._found for name in asked), timeout=left)
            return {name: self._found[name] for name in asked if name in self._found}

    def late(self, names: Collection[str]) -> list[str]:
        """Return those of ``names`` that were asked and have not answered."""
        with self._changed:
            return [name for name in names if name in self._names and name not in self._found]

    def wait(self) -> dict[str, list[Finding]]:
        """Return all that was found by the deadline."""
        return self.wait_for(self._names)
