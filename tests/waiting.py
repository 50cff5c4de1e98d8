"""Wait for a condition instead of a guessed time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | None], *, seconds: float = 20.0, what: str = ""
) -> Found:
    """Return what ``condition()`` returns as soon as that is true.

    Raises AssertionError that says what was waited for, after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return found
