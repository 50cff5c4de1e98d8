"""What the garbage collector of a worker process looks through."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 20)
"""Objects made and not yet freed before a collection, and collections before one of the next generation.

Hundreds of attempts in flight are hundreds of thousands of objects that live for a moment: with Python's own
700, 10, 10 a third of a busy event loop's time went into looking through them (benchmarks/NOTES.md)."""


def settle() -> None:
    """Leave out what is there now, code and configuration, from all collections to come.

    For a process that has just been forked: it will never be garbage, and looking through it would also copy
    the memory that the process shares with its parent. Whoever has switched collections off keeps it so.
    """
    gc.freeze()
    if gc.isenabled():
        gc.set_threshold(*THRESHOLDS)
