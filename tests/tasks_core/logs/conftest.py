"""A fixture that catches log lines as production writes them."""

from collections.abc import Iterator

import pytest

from tests.tasks_core.logs.lines import Lines, caught


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Give the JSON lines that are written during the test."""
    with caught() as found:
        yield found
