"""Let a developer's process find, or start, the embedded servers."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler_project.configuration.development import TRUE
from scheduler_project.data_folder import data_folder
from scheduler_project.embedded import programs
from scheduler_project.embedded.errors import EmbeddedServerError

VARIABLES = ("DATABASE_URL", "BROKER_URL")


def missing_variables() -> tuple[str, ...]:
    """Return the server variables that the embedded servers should provide for this process.

    They mean development: none with DEBUG set to anything else, nor where they are not installed.
    Where only one of the two is set, DEBUG has to be set too: it may be production with a mistake.
    """
    missing = tuple(name for name in VARIABLES if not _given(name))
    unsaid = "true" if missing == VARIABLES else "false"
    development = os.environ.get("DEBUG", unsaid).strip().lower() in TRUE
    return missing if development and programs.available() else ()


@contextmanager
def embedded_servers() -> Iterator[None]:
    """Within the block the environment names running servers: embedded ones, if no others."""
    missing = missing_variables()
    if not missing:
        yield
        return
    # Here, because production has no psutil.
    from scheduler_project.embedded.servers import Servers

    _leave_when_terminated()
    with Servers(own_data_folder()).used(missing) as variables:
        os.environ.update(variables)
        os.environ.setdefault("DEBUG", "true")
        yield


def own_data_folder() -> Path:
    """Return the data folder; refuse one in which another user's servers live."""
    folder = data_folder()
    if folder.stat().st_uid != os.geteuid():
        raise EmbeddedServerError(
            f"{folder} belongs to another user, who ran Bellringer here before. "
            "Remove it, or set BELLRINGER_DATA_DIR to a folder of your own."
        )
    return folder


def _given(name: str) -> bool:
    return bool(os.environ.get(name, "").strip() or os.environ.get(f"{name}_FILE"))


def _leave_when_terminated() -> None:
    """Let SIGTERM unwind the process as Ctrl-C does, so that the servers are stopped after it."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
