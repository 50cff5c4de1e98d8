"""Stop between two steps, not in the middle of one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second one ends the command at once.

    Outside of the main thread, where Python has no signals, the event is never set.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: object) -> None:
        asked.set()
        signal.signal(number, before[number])

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
