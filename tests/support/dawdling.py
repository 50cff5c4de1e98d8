"""A database that takes long to change a table, as one with millions of rows does."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def dawdling(table: str, *, when: str, seconds: float) -> Iterator[None]:
    """Let each statement of this kind take at least so long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER dawdle AFTER {when} ON {table} EXECUTE FUNCTION dawdle()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION dawdle() CASCADE")
