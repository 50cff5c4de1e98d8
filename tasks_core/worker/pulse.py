"""The sign of life of each pool process, in memory that the main process reads.

A process that is stopped, or swapped out, can say nothing about itself; that it says nothing is the sign. A
handler that runs long does not silence it, because a thread of its own gives it.
"""

import mmap
import struct
import time

from billiard.process import current_process

BEAT_SECONDS = 1.0
PLACES = 4096

_PULSE = struct.Struct("qd")
"""The process id, and when it was last alive by the clock that all processes of a machine share."""

_pulses = mmap.mmap(-1, PLACES * _PULSE.size)  # made before the fork, so that all have the same


def beat(pid: int) -> None:
    """Give the sign of life of this pool process."""
    place = getattr(current_process(), "index", None)
    if place is not None and place < PLACES:
        _PULSE.pack_into(_pulses, place * _PULSE.size, pid, time.monotonic())


def last_beat(place: int, pid: int) -> float | None:
    """Return when the process at that place of the pool gave its last sign, None if it never has."""
    if not 0 <= place < PLACES:
        return None
    of_pid, at = _PULSE.unpack_from(_pulses, place * _PULSE.size)
    return at if of_pid == pid else None
