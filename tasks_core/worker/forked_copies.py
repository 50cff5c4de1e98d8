"""The copy of a worker process that is left when a handler forks and returns in both.

It has the same tasks in hand, speaks on the same database sessions and would record the same outcomes, so it
ends where the handler does.
"""

import os
from collections.abc import Callable

is_copy = False
"""Whether this process was forked in the middle of a message."""

_in_copy: list[Callable[[], None]] = []


def begin_message() -> None:
    """Say that this process takes messages: then it is a worker's own, however it was made."""
    global is_copy
    is_copy = False


def end_copy() -> None:
    """End this process at once if it is a copy; nothing that it has inherited is touched."""
    if is_copy:
        os._exit(0)


def call_in_copy(work: Callable[[], None]) -> None:
    """Let ``work`` be called right after each fork, in the new process."""
    _in_copy.append(work)


def _forked() -> None:
    global is_copy
    is_copy = True
    for work in _in_copy:
        work()


os.register_at_fork(after_in_child=_forked)
