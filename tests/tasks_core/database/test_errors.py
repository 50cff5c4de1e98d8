"""Whose fault an error of the database is."""

import django.db
import psycopg
import pytest
from django.db import connection
from psycopg import errors

from tasks_core.database.errors import is_rows_fault, is_servers_fault


@pytest.mark.parametrize(
    "error",
    [
        django.db.OperationalError("server closed the connection unexpectedly"),
        django.db.InterfaceError("connection already closed"),
        django.db.InternalError("cannot execute UPDATE in a read-only transaction"),
        django.db.ProgrammingError('prepared statement "_pg3_0" does not exist'),
        django.db.NotSupportedError("cached plan must not change result type"),
        django.db.DatabaseError("the connection is lost"),
        psycopg.OperationalError("the connection is closed"),
        errors.ReadOnlySqlTransaction("cannot execute UPDATE in a read-only transaction"),
    ],
)
def test_the_server_is_to_blame(error: Exception) -> None:
    assert is_servers_fault(error)
    assert not is_rows_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        django.db.DataError("unsupported Unicode escape sequence"),
        django.db.IntegrityError("violates foreign key constraint"),
        errors.UntranslatableCharacter("unsupported Unicode escape sequence"),
        errors.CheckViolation("violates check constraint"),
    ],
)
def test_the_row_is_to_blame(error: Exception) -> None:
    assert is_rows_fault(error)
    assert not is_servers_fault(error)


@pytest.mark.parametrize("error", [ValueError("no number"), OSError("no route"), KeyError("id")])
def test_no_database_is_to_blame(error: Exception) -> None:
    assert not is_rows_fault(error)
    assert not is_servers_fault(error)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "is_of_the_row"),
    [
        ("SELECT 'no number'::int", True),
        ("SELECT E'\\\\u0000'::jsonb ->> 0", True),
        (
            "SET LOCAL transaction_read_only = on; CREATE TABLE not_here ()",
            False,
        ),
        ("EXECUTE never_prepared", False),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", False),
    ],
)
def test_what_postgresql_says(statement: str, is_of_the_row: bool) -> None:
    with pytest.raises(django.db.Error) as raised, connection.cursor() as cursor:
        cursor.execute(statement)
    assert is_rows_fault(raised.value) is is_of_the_row
    assert is_servers_fault(raised.value) is not is_of_the_row
