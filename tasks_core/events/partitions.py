"""The event table's partitions: one for each day (UTC), made ahead and dropped by age.

What lies outside of all days goes into a default partition, so that no clock can refuse an event and with it
the transition that it records.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.errors import LockNotAvailable

from tasks_core import database
from tasks_core.database import fetch

TABLE = "tasks_core_taskevent"
DEFAULT = f"{TABLE}_default"
DAYS_AHEAD = 3
"""So long may no beat run before events go into the default partition."""

LOCK_TIMEOUT = "300ms"
"""How long events of others may have to wait behind the change of the table."""

_DAY = re.compile(rf"{TABLE}_(\d{{4}})(\d{{2}})(\d{{2}})")

LIST = """
SELECT child.relname FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = %(table)s::regclass
"""


class TableBusy(OperationalError):
    """Somebody has been using the event table for too long to change it now; try again later."""


def partition_name(day: date) -> str:
    """Return the name of the partition that holds the events of ``day``."""
    return f"{TABLE}_{day:%Y%m%d}"


def days() -> list[date]:
    """Return the days that have a partition, the oldest first."""
    found = (_DAY.fullmatch(row[0]) for row in fetch(LIST, {"table": TABLE}))
    return sorted(date(int(m[1]), int(m[2]), int(m[3])) for m in found if m)


def make_ahead(now: datetime) -> list[date]:
    """Make the partitions of today and the next days that are missing; return their days.

    Raises:
        TableBusy: somebody else holds the table for long; try again.
    """
    today = now.astimezone(UTC).date()
    wanted = {today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)}
    missing = sorted(wanted.difference(days()))
    for day in missing:
        with _changing() as connection:
            attach(connection, day)
    return missing


def attach(connection: BaseDatabaseWrapper, day: date) -> None:
    """Make the partition of ``day``, and move there what the default partition has of it.

    Attached and not created in place: that would lock out the writers of all other days.
    """
    name, (start, end) = partition_name(day), bounds(day)
    with connection.cursor() as cursor:
        if _exists(cursor, name):
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
        cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE at >= %s AND at < %s RETURNING *) "  # noqa: S608
            f"INSERT INTO {name} SELECT * FROM moved",
            [start, end],
        )
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
        )


def drop(day: date, *, late_from: int | None = None) -> None:
    """Drop the partition of ``day`` with its events and the note of how far they have been summarized.

    Events of transactions from ``late_from`` on were written too late for that, by a clock that is far
    behind; they go into the default partition.

    Raises:
        TableBusy: somebody else holds the table for long; try again.
    """
    name = partition_name(day)
    with _changing() as connection, connection.cursor() as cursor:
        if _exists(cursor, name):
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {name}")
            if late_from is not None:
                cursor.execute(
                    f"INSERT INTO {TABLE} SELECT * FROM {name} "  # noqa: S608
                    "WHERE transaction_id >= %s::text::xid8",
                    [str(late_from)],
                )
            cursor.execute(f"DROP TABLE {name}")
        cursor.execute("DELETE FROM tasks_core_eventpartition WHERE day = %s", [day])


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return when ``day`` begins, and when the next one does."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def _exists(cursor: CursorWrapper, name: str) -> bool:
    """Tell whether there is such a partition; until the transaction ends, nobody else makes or drops one.

    Two beats may come at once: the second one finds it done.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [TABLE])
    cursor.execute("SELECT to_regclass(%s)", [name])
    return cursor.fetchone()[0] is not None


@contextmanager
def _changing() -> Iterator[BaseDatabaseWrapper]:
    """Change the table in a transaction that gives up soon rather than let others queue behind it."""
    connection = database.connection()
    try:
        with transaction.atomic(using=database.alias()):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            yield connection
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise TableBusy(str(error).strip()) from error
        raise
