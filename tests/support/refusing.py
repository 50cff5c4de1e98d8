"""A database that refuses some rows, as a constraint or a trigger of somebody else does."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

CHECK, RAISED = "check_violation", "raise_exception"


@contextmanager
def refusing(
    table: str, condition: str, *, when: str = "UPDATE", code: str = CHECK
) -> Iterator[None]:
    """Let the database refuse changes of the rows that meet ``condition``, an expression over NEW or OLD."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE {when} ON {table} FOR EACH ROW WHEN ({condition}) "
            "EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse() CASCADE")
