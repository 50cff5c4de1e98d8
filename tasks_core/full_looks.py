"""Decide when to look at a whole index, and when only from a remembered place on.

An index keeps what has left it as long as anybody's old transaction might want to see it, so a look at the
whole of it may take seconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

CHEAP_SECONDS = 0.003
"""While one of the last few looks at everything took no longer than this, each look is one."""

LAST_LOOKS = 5
"""How many those are: on a busy machine a single look takes long for reasons of its own."""

PAUSE = 50
"""Otherwise the next one comes after so many times what it took: a fiftieth of the time goes into them."""

LONGEST_PAUSE_SECONDS = 15.0
"""However long it took: what was put in front waits for it, such as a task whose message was lost."""


class FullLooks:
    """At one index: as often as they stay a small share of the time, and always while they are cheap."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=LAST_LOOKS)
        self._looked_at = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether the next look is one at everything."""
        if len(self._took) < LAST_LOOKS:
            return True
        cost = min(self._took)
        pause = min(PAUSE * cost, LONGEST_PAUSE_SECONDS)
        return cost <= CHEAP_SECONDS or time.monotonic() - self._looked_at >= pause

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take the time of a look at everything."""
        began = time.monotonic()
        yield
        self._looked_at = time.monotonic()
        self._took.append(self._looked_at - began)

    def forget(self) -> None:
        """Look at everything next time."""
        self._looked_at = float("-inf")
