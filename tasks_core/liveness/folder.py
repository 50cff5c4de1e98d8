"""Where reports are. Standard library only."""

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "BELLRINGER_RUNTIME_FOLDER"


def runtime_folder(environment: Mapping[str, str]) -> Path:
    """Return BELLRINGER_RUNTIME_FOLDER, else the folder that systemd made, else one below /tmp."""
    chosen = environment.get(VARIABLE, "").strip() or environment.get("RUNTIME_DIRECTORY", "")
    if chosen:
        return Path(chosen)
    return Path(tempfile.gettempdir()) / f"bellringer-{os.getuid()}"


def prepared(folder: Path) -> Path:
    """Make the folder if it is missing, for this user alone.

    Raises:
        OSError: it cannot be made, or is not this user's own: in /tmp anybody could have made it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.getuid(), 0}:
        raise PermissionError(f"{folder} belongs to another user; set {VARIABLE} to another folder")
    return folder
