"""The system account that PostgreSQL runs under."""

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from scheduler_project.embedded import as_user

# Exists on every Unix; root needs some account, because PostgreSQL refuses root.
ROOTS_SUBSTITUTE = "nobody"


@dataclass(frozen=True)
class Account:
    """Who runs the server, and whether root must lend the right to enter closed folders."""

    uid: int
    gid: int
    lend_entry: bool

    def command(self, program: Path, *arguments: str) -> list[str]:
        """Return the command line that runs `program` under this account."""
        command = [str(program), *arguments]
        if os.geteuid() == self.uid:
            return command
        entry = "enter" if self.lend_entry else "plain"
        script = str(Path(as_user.__file__).resolve())
        return [sys.executable, "-I", script, str(self.uid), str(self.gid), entry, *command]

    def own(self, path: Path) -> None:
        """Hand a file or folder to this account."""
        if os.geteuid() != self.uid:
            os.chown(path, self.uid, self.gid)


def account_for(*paths: Path) -> Account:
    """Return the account to run a server that works in these folders."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), lend_entry=False)
    entry = pwd.getpwnam(ROOTS_SUBSTITUTE)
    closed = any(not _open_to_all(parent) for path in paths for parent in path.resolve().parents)
    return Account(entry.pw_uid, entry.pw_gid, lend_entry=closed)


def _open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
