"""How the interpreter of a worker process is tuned: its garbage collector, and the turns of its threads."""

import gc
import sys

THRESHOLDS = (50_000, 20, 20)
"""Objects made and not yet freed before a collection, and collections before one of the next generation.

Hundreds of attempts in flight are hundreds of thousands of objects that live for a moment: with Python's own
700, 10, 10 a third of a busy event loop's time went into looking through them (benchmarks/NOTES.md)."""

SWITCH_SECONDS = 0.001
"""A busy event loop would keep the interpreter for Python's own five milliseconds each time that the thread
which writes for it has heard from the server, several times a statement: attempts then wait longer for being
written down than for the receiver (benchmarks/NOTES.md)."""

PYTHONS_OWN = 0.005


def tune_gc() -> None:
    """Leave out what is there now, code and configuration, from all collections to come.

    For a process that has just been forked: it will never be garbage, and looking through it would also copy
    the memory that the process shares with its parent. Whoever has switched collections off keeps it so.
    """
    gc.freeze()
    if gc.isenabled():
        gc.set_threshold(*THRESHOLDS)


def shorten_switch_interval() -> None:
    """Let threads take shorter turns, unless somebody has set their length."""
    if sys.getswitchinterval() == PYTHONS_OWN:
        sys.setswitchinterval(SWITCH_SECONDS)
