"""The way back, after a test that commits, to the database that the migrations left.

Django's own way truncates every table, which gives all of them and their indexes new files, makes the
content types and permissions anew, and opens a new connection: over 100 ms. Deleting the few rows that a
test has left, and clearing the session, takes a tenth of that.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

LARGE_BYTES = 65_536
"""From this size on a table is truncated: deleting would cost more, and leaves the file as large."""

# Deleted rows don't ask whether others refer to them. Servers that DATABASE_URL names may not allow it;
# there the constraints, which are deferred, find both ends gone.
IGNORE_REFERENCES = """
SELECT set_config('session_replication_role', 'replica', true)
FROM pg_roles WHERE rolname = current_user AND rolsuper
"""

# A table that never held a row has no pages. The rows of a partitioned one are in its partitions.
SIZES = """
SELECT name, sum(pg_relation_size(coalesce(part.relid, name::regclass)))
FROM unnest(%s::text[]) AS name LEFT JOIN pg_partition_tree(name) AS part ON true
GROUP BY name
"""

BEYOND = """
SELECT setval('"{name}"', GREATEST(last_value, (SELECT max("{column}") FROM "{table}"))) FROM "{name}"
"""

# What DISCARD ALL does, but for the prepared statements: psycopg believes that they are still there.
CLEAR_SESSION = """
CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all();
DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES
"""


class PristineDatabase:
    """Remembers the rows that the migrations made, and removes all others when asked."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        with connection.cursor() as cursor:
            self._tables = connection.introspection.django_table_names(
                only_existing=True, include_views=False
            )
            filled = [table for table in self._sizes(cursor) if _has_rows(cursor, table)]
            self._rows = {table: _rows(cursor, table) for table in filled}
            self._sequences = [
                one
                for table in filled
                for one in connection.introspection.get_sequences(cursor, table)
            ]

    def restore(self) -> None:
        """Make the tables hold what the migrations left, and the session what a new one has.

        Waits for open transactions of others, as truncating does: what they commit is removed too.
        """
        self._reach_the_server()
        with transaction.atomic(), self._connection.cursor() as cursor:
            cursor.execute(IGNORE_REFERENCES)
            cursor.execute(f"LOCK TABLE {_names(self._tables)} IN ACCESS EXCLUSIVE MODE")
            self._empty(cursor)
            for table, rows in self._rows.items():
                _restore_rows(cursor, table, rows)
            # A test may have asked for ids from 1 on, which the rows of the migrations have taken.
            for one in self._sequences:
                cursor.execute(BEYOND.format(**one))
        self._clear_session()

    def _reach_the_server(self) -> None:
        """Connect anew if the test, which may have run out of time, left the session in any state."""
        mine = self._connection
        if mine.in_atomic_block or not mine.autocommit or not mine.is_usable():
            mine.close()
            mine.connect()

    def _empty(self, cursor: CursorWrapper) -> None:
        filled = {t: size for t, size in self._sizes(cursor).items() if t not in self._rows}
        large = [table for table, size in filled.items() if size >= LARGE_BYTES]
        statements = [f'DELETE FROM "{table}"' for table in filled.keys() - large]
        if large:
            statements.append(f"TRUNCATE {_names(large)} CASCADE")
        if statements:
            cursor.execute("; ".join(statements))

    def _sizes(self, cursor: CursorWrapper) -> dict[str, int]:
        """Return the bytes of each table that has any."""
        cursor.execute(SIZES, [self._tables])
        return {table: size for table, size in cursor.fetchall() if size}

    def _clear_session(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(CLEAR_SESSION)
        self._connection.init_connection_state()


def _has_rows(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
    return cursor.fetchone() is not None


def _rows(cursor: CursorWrapper, table: str) -> bytes:
    """Return the table's rows in PostgreSQL's text format for copying."""
    with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
        return b"".join(copy)


def _restore_rows(cursor: CursorWrapper, table: str, rows: bytes) -> None:
    if _rows(cursor, table) == rows:
        return
    cursor.execute(f'DELETE FROM "{table}"')
    with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
        copy.write(rows)


def _names(tables: Iterable[str]) -> str:
    return ", ".join(f'"{table}"' for table in tables)
