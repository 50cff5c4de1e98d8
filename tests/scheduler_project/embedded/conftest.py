"""Embedded servers of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_project.embedded.servers import Servers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder whose path is longer than any socket's may be, with a space in it."""
    return tmp_path / ("deep" * 25) / "data folder"


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    """Return servers that are not running, and stop them after the test."""
    servers = Servers(folder)
    yield servers
    servers.stop()
