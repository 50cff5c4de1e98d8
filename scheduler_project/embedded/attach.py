"""Let a process of a developer find, or start, the embedded servers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from scheduler_project.data_folder import data_folder
from scheduler_project.embedded import programs

VARIABLES = ("DATABASE_URL", "BROKER_URL")


def wanted() -> bool:
    """Say whether this process should use the embedded servers.

    They mean development, so anything that was configured for another purpose rules them out: any
    server address, and DEBUG set to something false.
    """
    if any(os.environ.get(name) for name in VARIABLES):
        return False
    if os.environ.get("DEBUG", "true").lower() not in {"1", "true", "yes", "on"}:
        return False
    return programs.available()


@contextmanager
def embedded_servers() -> Iterator[None]:
    """Within the block the environment names running servers, embedded ones if no others."""
    if not wanted():
        yield
        return
    # Here, because production has no psutil.
    from scheduler_project.embedded.servers import Servers

    with Servers(data_folder()).used() as addresses:
        os.environ.update(addresses.variables())
        os.environ.setdefault("DEBUG", "true")
        yield
