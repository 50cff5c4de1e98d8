"""Run a command in the foreground, on running servers, and pass signals on to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from scheduler_project.embedded.attach import embedded_servers
from scheduler_project.embedded.errors import EmbeddedServerError

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def run(command: Sequence[str]) -> int:
    """Run `command` and return its exit status; the servers outlive it, whatever ends it."""
    with embedded_servers():
        return _foreground(command, os.environ)


def _foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    # Before the command exists, so that no signal falls between.
    with _forwarding() as target:
        try:
            process = subprocess.Popen(command, env=environment)
        except OSError as error:
            raise EmbeddedServerError(f"{command[0]} cannot be run: {error.strerror}.") from None
        target.append(process)
        status = process.wait()
    # The shell's way to say "ended by a signal".
    return 128 - status if status < 0 else status


@contextmanager
def _forwarding() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Pass signals on to the process that the block appends to the list."""
    target: list[subprocess.Popen[bytes]] = []

    def forward(number: int, frame: FrameType | None) -> None:
        if not target:
            sys.exit(128 + number)
        # The terminal has sent its Ctrl-C to the command already.
        if number != signal.SIGINT or not _terminal_sends_signals():
            target[0].send_signal(number)

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        yield target
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminal_sends_signals() -> bool:
    """Return whether this process is in the foreground of a terminal."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
