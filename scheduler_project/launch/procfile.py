"""The commands of the Procfile."""

from pathlib import Path

from honcho.environ import parse_procfile

from scheduler_project.data_folder import CHECKOUT

PROCFILE = CHECKOUT / "Procfile"


def commands(path: Path = PROCFILE) -> dict[str, str]:
    """Return the shell command of each process, in the order of the file."""
    return dict(parse_procfile(path.read_text()).processes)
