"""Recognise, await and end server processes, safe against reused process ids."""

import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil

from scheduler_project.embedded.errors import EmbeddedServerError
from scheduler_project.polling import poll

# A server outlives the process that started it. A Popen object must not: Python would complain.
_started: list[subprocess.Popen[bytes]] = []


def spawn(command: Sequence[str], *, log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start a server in `folder`, which writes to `log`.

    It gets a session of its own: Ctrl-C in the terminal reaches us, and we stop it in order.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
        )
    _started.append(process)
    return process


def processes_in(folder: Path, names: Iterable[str]) -> list[psutil.Process]:
    """Return the live processes with one of these names that work in `folder`.

    Servers change into their data folder, so this tells a server of ours from a stranger that was
    given the same process id later, without trusting any file.
    """
    wanted = set(names)
    return [p for p in psutil.process_iter() if _works_in(p, folder, wanted)]


def _works_in(process: psutil.Process, folder: Path, names: set[str]) -> bool:
    try:
        return (
            process.name() in names
            and process.status() != psutil.STATUS_ZOMBIE
            and Path(process.cwd()) == folder
        )
    except (psutil.Error, OSError):
        return False


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return as soon as `ready()` is true; after `seconds` fail, saying `what` did not happen."""
    if not poll(ready, seconds=seconds):
        raise EmbeddedServerError(f"{what} within {seconds:g} s.")


def end(process: psutil.Process, *, signal: int, seconds: float) -> None:
    """Ask a process to end by `signal`; if it does not within `seconds`, kill it."""
    try:
        process.send_signal(signal)
        process.wait(timeout=seconds)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
    _started[:] = [child for child in _started if child.poll() is None]
