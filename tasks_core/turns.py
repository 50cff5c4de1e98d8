"""How long one thread of a worker process keeps the interpreter while another wants it."""

from __future__ import annotations

import sys

SWITCH_SECONDS = 0.001
"""A busy event loop would keep it for Python's own five milliseconds each time that the thread which writes
for it has heard from the server, several times a statement: attempts then wait longer for being written
down than for the receiver (benchmarks/NOTES.md)."""

PYTHONS_OWN = 0.005


def shorten() -> None:
    """Let threads take shorter turns, unless somebody has set their length."""
    if sys.getswitchinterval() == PYTHONS_OWN:
        sys.setswitchinterval(SWITCH_SECONDS)
