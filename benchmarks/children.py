"""Starts and ends the measured processes, and those that a killed run left behind."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from benchmarks.folders import CHECKOUT, bench_folder
from benchmarks.ledger import PATH_VARIABLE
from benchmarks.messages import PORT_VARIABLE

#: Marks every process that the benchmark starts, and those that these start.
MARK_VARIABLE = "BENCH_FOLDER"
END_SECONDS = 10


def environment(
    *, database_url: str, broker_url: str, ledger: Path, port: int = 0
) -> dict[str, str]:
    """The variables that a measured process is given. `port` is for the receiver of messages."""
    return {
        **{k: v for k, v in marked(os.environ).items() if k != "DJANGO_SETTINGS_MODULE"},
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
        PATH_VARIABLE: str(ledger),
        PORT_VARIABLE: str(port),
    }


def marked(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, and the mark by which strays are known."""
    return {**variables, MARK_VARIABLE: str(bench_folder())}


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> subprocess.Popen[str]:
    """Start a process in a session of its own: Ctrl-C reaches the harness, and that ends the
    others in order.
    """
    with log.open("ab") as output:
        target: int | IO[bytes] = output if stdout is None else stdout
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=bench_folder(),
            stdin=stdin,
            stdout=target,
            stderr=output,
            text=True,
            bufsize=1,
            start_new_session=True,
        )


def end_tree(process: subprocess.Popen[str]) -> None:
    """Kill a process and everything below it. What it was doing is thrown away with its
    database.
    """
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        _kill([*root.children(recursive=True), root])
    process.wait(END_SECONDS)


def end_strays() -> int:
    """Kill what an earlier, killed run of this benchmark left running; return how many."""
    strays = [process for process in psutil.process_iter() if _is_stray(process)]
    _kill(strays)
    return len(strays)


def _is_stray(process: psutil.Process) -> bool:
    try:
        return process.environ().get(MARK_VARIABLE) == str(bench_folder())
    except (psutil.Error, OSError):
        return False


def _kill(processes: Sequence[psutil.Process]) -> None:
    # Frozen first, so that no parent has time to replace a killed child.
    for process in processes:
        _try(process.suspend)
    for process in processes:
        _try(process.kill)
    psutil.wait_procs(processes, timeout=END_SECONDS)


def _try(action: Callable[[], object]) -> None:
    with suppress(psutil.Error):
        action()
