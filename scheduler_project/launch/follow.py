"""Show what processes write to their logs, as it comes."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

POLL_SECONDS = 0.1


def follow(
    logs: Mapping[str, Path], show: Callable[[str, str], None], stop: threading.Event
) -> None:
    """Call `show(name, line)` for each line that is added to a log, until `stop` is set."""
    # Errors in decoding must not end the display.
    files = {name: path.open(errors="replace") for name, path in logs.items()}
    try:
        while not stop.wait(POLL_SECONDS):
            for name, file in files.items():
                for line in file:
                    show(name, line.rstrip("\n"))
    finally:
        for file in files.values():
            file.close()
