"""Fixtures: traces switched on, and spans kept in memory."""

from collections.abc import Iterator

import pytest

from tests.support.spans import Spans, recorded_spans


@pytest.fixture
def spans(transactional_db: None) -> Iterator[Spans]:
    with recorded_spans() as recorded:
        yield recorded
