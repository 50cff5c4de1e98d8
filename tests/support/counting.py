"""Count the statements that reach the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

FRAMES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SET CONSTRAINTS")


@contextmanager
def statements(expected: int) -> Iterator[None]:
    """Check that the block needs so many statements, those that only frame transactions aside."""
    with CaptureQueriesContext(connection) as captured:
        yield
    sql = [query["sql"].strip() for query in captured.captured_queries]
    assert len([s for s in sql if not s.startswith(FRAMES)]) == expected, "\n".join(sql)
