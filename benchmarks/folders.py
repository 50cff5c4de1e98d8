"""Where the benchmark keeps its files."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler_project.data_folder import data_folder

SOURCE = Path(__file__).resolve().parent
CHECKOUT = SOURCE.parent
REQUIREMENTS = SOURCE / "requirements"
#: What was measured, run by run; git ignores it.
RAW = SOURCE / "results.json"
IN_MEMORY = Path("/dev/shm")


def bench_folder() -> Path:
    """Servers, environments, logs: everything that can be thrown away."""
    folder = data_folder() / "bench"
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


def logs_folder() -> Path:
    """What the peers' processes print, of the last run of each."""
    folder = bench_folder() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def ledger_folder() -> Iterator[Path]:
    """A folder in memory where the system has one, so that the disk does not slow the handlers
    down. It has the same name in every run, so that what a killed run left is removed here.
    """
    parent = IN_MEMORY if IN_MEMORY.is_dir() else bench_folder()
    folder = parent / f"bellringer-bench-{hashlib.sha256(bytes(bench_folder())).hexdigest()[:12]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
