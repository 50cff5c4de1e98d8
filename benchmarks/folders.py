"""Where the benchmark keeps its files."""

import shutil
import tempfile
from pathlib import Path

from scheduler_project.data_folder import data_folder

SOURCE = Path(__file__).resolve().parent
CHECKOUT = SOURCE.parent
REQUIREMENTS = SOURCE / "requirements"
RESULTS = SOURCE / "RESULTS.md"
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


class LedgerFolder:
    """A folder in memory where the system has one, so that the disk does not slow the handlers
    down.
    """

    def __enter__(self) -> Path:
        parent = IN_MEMORY if IN_MEMORY.is_dir() else bench_folder()
        self.path = Path(tempfile.mkdtemp(prefix="bellringer-bench-", dir=parent))
        return self.path

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
