"""Queries of pages may not occupy the database for long."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connections, transaction
from psycopg.errors import QueryCanceled

SECONDS = 5.0
"""How long a query that an operator has put together may take."""


class TookTooLong(Exception):
    """The database gave up a query because of its time limit."""


@contextmanager
def at_most(seconds: float, *, using: str) -> Iterator[None]:
    """Let each statement of the block take at most ``seconds``.

    Raises:
        TookTooLong: one took longer; the connection can still be used.
    """
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [f"{seconds * 1000:.0f}"]
            )
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise
