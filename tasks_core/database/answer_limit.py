"""An end, on this side, to the platform's waits for an answer of the database.

A proxy or a firewall that lost a moment's bytes leaves connections behind on which the question never arrived
and no answer will. No time limit of the server knows of it, and TCP finds such a connection in good order.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType

import psycopg

from tasks_core.database import without_waiting
from tasks_core.database.socket_shutdown import cut

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 15.0
"""So long an answer may take where statements are short."""

LONG_ANSWER_SECONDS = 300.0
"""The same where old rows are removed by the thousand, tables are changed, or another app's code runs."""

MOST_AT_ONCE = 2.0
"""Counted for the time between two looks at most: a process that was frozen has yet to read its answers."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """One call that waits for an answer; ``frame`` is kept, so that no other call can be taken for it."""

    frame: FrameType
    seconds: float


_limits: dict[int, float | None] = {}
"""By thread; None is the usual one."""

_waits: dict[int, _Wait] = {}
_looked_at = 0.0


@contextmanager
def answers_within(seconds: float | None = None) -> Iterator[None]:
    """Limit how long this thread waits for any one answer in the block, as long as ``end_overdue`` is called.

    Only for statements of the platform's own: how long a handler's may take is not ours to say; where one is
    called within such a block, let it have ``math.inf``. The wait ends with an OperationalError, like that
    for a server which has gone.
    """
    thread = threading.get_ident()
    is_first, before = thread not in _limits, _limits.get(thread)
    _limits[thread] = seconds
    try:
        yield
    finally:
        if is_first:
            _limits.pop(thread, None)  # perhaps in a copy of the process
        else:
            _limits[thread] = before


def longer_answers_within(seconds: float) -> AbstractContextManager[None]:
    """Allow more than the usual in a thread that is limited; elsewhere nothing is."""
    if not is_limited():
        return nullcontext()
    return answers_within(max(seconds, limit_of(threading.get_ident())))


def patience_for_others() -> AbstractContextManager[None]:
    """Let receivers of other apps, called in such a block, wait longer; elsewhere nothing is limited."""
    return longer_answers_within(LONG_ANSWER_SECONDS)


def is_limited() -> bool:
    """Tell whether this thread waits for answers to the platform's own statements only."""
    return threading.get_ident() in _limits


def limit_of(thread: int | None) -> float:
    """Return for how long that thread may wait for an answer at this moment; 0 if nothing limits it."""
    limit = _limits.get(thread, 0.0) if thread is not None else 0.0
    return ANSWER_SECONDS if limit is None else limit


def end_overdue() -> None:
    """Cut the connections on which an answer has been waited for too long; call it each second."""
    global _waits, _looked_at
    now = time.monotonic()
    passed, _looked_at = min(now - _looked_at, MOST_AT_ONCE), now
    waits: dict[int, _Wait] = {}
    for thread, frame in _waiting().items():
        known = _waits.get(thread)
        seconds = known.seconds + passed if known is not None and known.frame is frame else 0.0
        waits[thread] = _Wait(frame, seconds)
        limit = _limits.get(thread, LONG_ANSWER_SECONDS)
        if seconds > (ANSWER_SECONDS if limit is None else limit):
            _end(frame, thread, seconds)
            del waits[thread]
    _waits = waits


def _waiting() -> dict[int, FrameType]:
    """Return, by thread, the calls of the driver that wait for an answer."""
    if not _limits:
        return {}
    frames = sys._current_frames()
    found = {thread: _wait_in(frames.get(thread)) for thread in list(_limits)}
    del frames  # among them is that of this call, which would hold itself
    return {thread: frame for thread, frame in found.items() if frame is not None}


def _wait_in(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_code is not psycopg.Connection.wait.__code__:
        frame = frame.f_back
    return frame


def _end(frame: FrameType, thread: int, seconds: float) -> None:
    name = next((one.name for one in threading.enumerate() if one.ident == thread), str(thread))
    cut(frame.f_locals["self"])
    # Whoever calls this sees to the end of the process as well, also where nobody reads its log.
    without_waiting.say(
        logger,
        logging.WARNING,
        f"{name} has waited {seconds:.0f} s for an answer of the database; its connection is cut, "
        "and it tries again on another",
    )


os.register_at_fork(after_in_child=_limits.clear)  # what is waited for there is another's
