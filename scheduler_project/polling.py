"""Wait for what can only be asked for."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.1
"""Seconds between two questions: what is quick is seen at once, what takes long is not pestered."""


def poll(condition: Callable[[], Found], *, seconds: float) -> Found:
    """Ask again and again; return the first answer that is true, or after ``seconds`` the last one."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while not (found := condition()) and time.monotonic() <= deadline:
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return found
