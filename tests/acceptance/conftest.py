"""Fixtures of the tests that run the whole platform as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.acceptance.processes import Processes


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the demo runs of this session share, one after the other."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def processes(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Processes]:
    """Give workers and beats on the test's own database and empty queues."""
    started = Processes(process_environment, tmp_path)
    yield started
    started.end_all()
