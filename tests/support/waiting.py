"""Wait for a condition instead of a guessed time."""

from collections.abc import Callable
from typing import TypeVar

from scheduler_project.polling import poll

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | None], *, seconds: float = 20.0, what: str = ""
) -> Found:
    """Return what ``condition()`` returns as soon as that is true.

    Raises AssertionError that says what was waited for, after ``seconds``.
    """
    found = poll(condition, seconds=seconds)
    if not found:
        raise AssertionError(f"not within {seconds:g} s: {what or condition}")
    return found
