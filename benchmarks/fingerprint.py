"""Tells whether an earlier measurement was of the same code."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from benchmarks.environments import lock_of
from benchmarks.folders import CHECKOUT, SOURCE
from benchmarks.peers.registry import Entry

#: What runs when our own tasks run.
OWN_PACKAGES = ("tasks_core", "scheduler_project", "benchmarks/bellringer")
#: What every peer's figures depend on.
HARNESS = ("handlers.py", "ledger.py", "producer.py", "peers/interface.py")


def of_measurement(entry: Entry, work_module: str) -> str:
    """A text that changes with the peer's version, its file, or the work."""
    work = CHECKOUT / (work_module.replace(".", "/") + ".py")
    return _digest((of_peer(entry).encode(), work.read_bytes()))


@cache
def of_peer(entry: Entry) -> str:
    """A text that changes with the peer's version or its file."""
    lock = lock_of(entry)
    files = [
        CHECKOUT / (entry.module.replace(".", "/") + ".py"),
        *(SOURCE / name for name in HARNESS),
    ]
    files += [lock] if lock else list(_own_files())
    return _digest(path.read_bytes() for path in files)


def _own_files() -> Iterable[Path]:
    yield CHECKOUT / "requirements" / "production.txt"
    for package in OWN_PACKAGES:
        yield from sorted((CHECKOUT / package).rglob("*.py"))


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
