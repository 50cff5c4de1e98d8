"""The budget of processor time of one part: filters over long texts in loops can take hours."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jinja2 import TemplateRuntimeError

_ENDS: ContextVar[float | None] = ContextVar("rendering_ends", default=None)


@contextmanager
def time_budget(seconds: float) -> Iterator[None]:
    """Let ``check_time`` raise once this thread has computed for so many seconds.

    It is processor time, so that a machine that is busy with other things fails no message.
    """
    token = _ENDS.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _ENDS.reset(token)


def check_time() -> None:
    """Look at the time; raises TemplateRuntimeError when the budget is used up."""
    ends = _ENDS.get()
    if ends is not None and time.thread_time() > ends:
        raise TemplateRuntimeError("takes too much time; use fewer loops, filters or long values")
