"""A virtual environment for each peer, installed from its lock file with hashes."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from benchmarks.children import end_tree, marked, spawn
from benchmarks.folders import REQUIREMENTS, bench_folder, logs_folder
from benchmarks.peers.registry import Entry


class InstallError(RuntimeError):
    """A peer's packages could not be installed."""


def lock_of(entry: Entry) -> Path | None:
    """The peer's lock file; None for what runs in the project's own environment."""
    return REQUIREMENTS / f"{entry.requirements}.txt" if entry.requirements else None


def interpreter(entry: Entry) -> Path:
    """The peer's Python, after installing what is not installed yet."""
    lock = lock_of(entry)
    if lock is None:
        return Path(sys.executable)
    folder = bench_folder() / "environments" / entry.name
    stamp = folder / "installed"
    python = folder / "bin" / "python"
    state = _state(lock)
    if not (stamp.exists() and stamp.read_text() == state):
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
        stamp.write_text(state)
    return python


def _state(lock: Path) -> str:
    return f"{sys.version} {hashlib.sha256(lock.read_bytes()).hexdigest()}"


def _run(*command: str) -> None:
    log = logs_folder() / "install.log"
    log.unlink(missing_ok=True)
    process = spawn(command, environment=marked(os.environ), log=log)
    try:
        if process.wait():
            raise InstallError(f"{' '.join(command)} failed:\n{log.read_text().strip()}")
    finally:
        end_tree(process)
