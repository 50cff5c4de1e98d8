"""Messages that came to nothing in a pool process: it took them, and could begin none of their tasks.

A message whose tasks have ended or run already is only a hint that came late, and none of these. Several in
a row, over a while, are a process whose claims fail: it takes what others could run. It may be unable to say
so itself, so it notes them in memory that the main process reads.
"""

import mmap
import os
import struct
import time
from dataclasses import dataclass

from billiard.process import current_process

from tasks_core.worker.pid import pid_exists

PLACES = 4096
FEWEST, SECONDS = 2, 8.0
"""So many in a row, over so long a time, are no accident."""

FORGOTTEN_SECONDS = 90.0
"""What was so long ago is not told any more, and begins no series with what follows: the process gets no
messages, or another one has its place."""

_NOTE = struct.Struct("qqdd64s")
"""Process id, how many in a row, when the first and when the last (monotonic), and the last error."""

_notes = mmap.mmap(-1, PLACES * _NOTE.size)  # made before the fork, so that all have the same
_is_noted = False


@dataclass(frozen=True, slots=True)
class Vain:
    """A process that takes messages and begins nothing."""

    pid: int
    messages: int
    seconds: float
    error: str

    def __str__(self) -> str:
        why = f" ({self.error})" if self.error else ""
        return (
            f"process {self.pid} took messages {self.messages} times in {self.seconds:.0f} s and began "
            f"none of their tasks{why}"
        )


def note_begun() -> None:
    """Note in the pool process that tasks of a message were begun."""
    if _is_noted:
        _clear()


def note_none_begun() -> None:
    """Note in the pool process that a message was taken whose tasks could have begun, and none was."""
    _add("")


def note_failure(error: BaseException) -> None:
    """Note in the pool process that a message could not be taken, and why."""
    cause = error.__cause__ or error
    _add(type(cause).__name__)


def found() -> list[Vain]:
    """Return in the main process which processes of the worker take messages in vain."""
    now = time.monotonic()
    vain = []
    for place in range(PLACES):
        pid, count, first, last, error = _NOTE.unpack_from(_notes, place * _NOTE.size)
        if not pid:
            continue
        is_enough = count >= FEWEST and last - first >= SECONDS
        if is_enough and now - last < FORGOTTEN_SECONDS and pid_exists(pid):
            vain.append(
                Vain(pid, count, last - first, error.rstrip(b"\0").decode("ascii", "replace"))
            )
    return vain


def _add(error: str) -> None:
    global _is_noted
    now, place = time.monotonic(), _place()
    pid, count, first, last, _ = _NOTE.unpack_from(_notes, place)
    if pid != os.getpid() or now - last > FORGOTTEN_SECONDS:
        count, first = 0, now
    text = error.encode("ascii", "replace")[:64]
    _NOTE.pack_into(_notes, place, os.getpid(), count + 1, first, now, text)
    _is_noted = True


def _clear() -> None:
    global _is_noted
    _NOTE.pack_into(_notes, _place(), 0, 0, 0.0, 0.0, b"")
    _is_noted = False


def _place() -> int:
    index = getattr(current_process(), "index", None) or 0
    return int(min(index, PLACES - 1)) * _NOTE.size
