"""Processes that a killed run left behind."""

import os
from pathlib import Path

import psutil

MARK = "BELLRINGER_PLATFORM"
GRACE_SECONDS = 10


def end_leftovers(folder: Path) -> int:
    """End the platform processes that were started for data folder `folder`; return how many.

    Only for the holder of the folder's lock: the processes of a run that is alive carry the same
    mark.
    """
    processes = [process for process in psutil.process_iter() if _is_left_over(process, folder)]
    for process in processes:
        _ignoring_ended(process.terminate)
    _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in alive:
        _ignoring_ended(process.kill)
    return len(processes)


def _is_left_over(process: psutil.Process, folder: Path) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(MARK) == str(folder)
    except (psutil.Error, OSError):
        return False


def _ignoring_ended(action: object) -> None:
    assert callable(action)
    try:
        action()
    except psutil.NoSuchProcess:
        return
