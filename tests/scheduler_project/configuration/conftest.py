"""A complete production environment to break."""

import pytest

from tests.production_check import production_environment


@pytest.fixture
def production() -> dict[str, str]:
    """Return variables that are all right; tests change one."""
    return production_environment()
