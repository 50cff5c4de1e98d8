"""Gives a pytest run its own embedded servers, before Django's settings are read.

Load it with `-p scheduler_project.embedded.pytest_plugin`. Servers that
DATABASE_URL and BROKER_URL name are used as they are. Runs at the same time in one checkout get
servers of their own.
"""

import atexit
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from scheduler_project.embedded.attach import missing_variables, own_data_folder
from scheduler_project.embedded.locks import Lock

POSTGRES_SETTINGS = {
    "max_connections": "200",
    # Tests kill processes, never the operating system, so nothing they look at rests on fsync.
    "fsync": "off",
}

_running = ExitStack()
# Also when pytest ends before it was configured, on an error in the settings for example.
atexit.register(_running.close)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the servers; as a wrapper this comes before pytest-django, which reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None and (missing := missing_variables()):
        os.environ.update(_running.enter_context(_servers_of_this_run(missing)))
    os.environ.setdefault("DEBUG", "true")
    # Parallel workers must collect the tests in one order, also those made from sets.
    os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))
    # Parallel workers share one broker; the prefix keeps their queues apart.
    os.environ["BELLRINGER_KEY_PREFIX"] = f"test-{worker or 'main'}:"
    # A caller that publishes by itself would make it a matter of timing which state a test sees.
    os.environ.setdefault("BELLRINGER_PUBLISH_ON_COMMIT", "false")
    return (yield)


def pytest_unconfigure() -> None:
    """Stop the servers that this process started."""
    _running.close()


@contextmanager
def _servers_of_this_run(variables: tuple[str, ...]) -> Iterator[dict[str, str]]:
    from scheduler_project.embedded.servers import Servers

    with _free_folder() as folder:
        servers = Servers(folder, postgres_settings=POSTGRES_SETTINGS)
        # Fresh, because a killed run may have left open sessions and full queues.
        with servers.used(variables, fresh=True) as running:
            yield running


@contextmanager
def _free_folder() -> Iterator[Path]:
    """Reserve the first data folder that no other run is using."""
    for number in count():
        folder = own_data_folder() / f"test-{number}"
        with Lock(folder / "run") as lock:
            if lock.take():
                yield folder
                return
