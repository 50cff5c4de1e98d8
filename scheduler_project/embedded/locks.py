"""File locks, which the system releases when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for the lock in file `path` and hold it for the block."""
    with Lock(path) as lock:
        fcntl.flock(lock.handle, fcntl.LOCK_EX)
        yield


class Lock:
    """One open lock file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def share(self) -> None:
        """Hold the lock together with others."""
        fcntl.flock(self.handle, fcntl.LOCK_SH)

    def take(self) -> bool:
        """Hold the lock alone; return False if anybody else holds it."""
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock back. Closing twice does no harm."""
        handle, self.handle = self.handle, -1
        if handle >= 0:
            os.close(handle)
