"""The file in which a process reports on itself. Standard library only: it is read many times a minute."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a process says of itself.

    Attributes:
        role: "worker" or "beat".
        name: such as celery@host.
        pid: its main process.
        written_at: seconds of the machine's monotonic clock, which all its processes share and nobody sets.
        fresh_for: seconds for which the report holds; an older one means that the process stands still.
        problem: why it does not do its work; empty if it does.
        note: what else there is to say.
    """

    role: str
    name: str
    pid: int
    written_at: float
    fresh_for: float
    problem: str = ""
    note: str = ""

    @property
    def age(self) -> float:
        """Seconds since it was written; negative if that was before the machine started."""
        return time.monotonic() - self.written_at


def path_of(folder: Path, role: str, name: str) -> Path:
    """Return where the process ``name`` reports."""
    return folder / f"{role}-{quote(name, safe='@')}{SUFFIX}"


def write(folder: Path, report: Report) -> None:
    """Replace the report of a process as a whole: a reader never sees half of one.

    Raises:
        OSError: the folder cannot be written.
    """
    path = path_of(folder, report.role, report.name)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(report)), "utf-8")
    draft.replace(path)


def read_all(folder: Path, role: str, name: str = "") -> list[Report]:
    """Return the reports of ``role``, or only that of ``name``; what is no report is passed over."""
    paths = [path_of(folder, role, name)] if name else sorted(folder.glob(f"{role}-*{SUFFIX}"))
    return [report for path in paths if (report := _read(path)) is not None]


def _read(path: Path) -> Report | None:
    try:
        return Report(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
