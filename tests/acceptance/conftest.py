"""Fixtures of the tests that run the whole platform as processes."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the demo runs of this session share, one after the other."""
    return tmp_path_factory.mktemp("demo")
