"""Work that whoever holds the ends of others together must not wait for: it may never come back."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec

Parameters = ParamSpec("Parameters")

SAY_SECONDS = 1.0
"""So long a line of a log is waited for, so that one which is the last of its process comes out."""

_saying: threading.Thread | None = None


def begin(
    work: Callable[Parameters, object], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> threading.Thread | None:
    """Do it in a thread of its own; return that, or None if there can be no more threads."""
    thread = threading.Thread(
        target=work, args=args, kwargs=kwargs, name="tasks-guard-aid", daemon=True
    )
    with suppress(RuntimeError):
        thread.start()
        return thread
    return None


def say(logger: logging.Logger, level: int, text: str) -> None:
    """Log it, unless whoever takes the log is frozen; what is said while a line hangs is dropped."""
    global _saying
    if _saying is not None and _saying.is_alive():
        return  # each would leave another thread behind
    _saying = begin(logger.log, level, "%s", text)
    if _saying is not None:
        _saying.join(SAY_SECONDS)
