"""The event table's partitions: one for each day (UTC), made ahead and dropped by age.

What lies outside of all days goes into a default partition, so that no clock can refuse an event and with it
the transition that it records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

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
        django.db.OperationalError: somebody else holds the table for long; try again.
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
    name, bounds = partition_name(day), _bounds(day)
    with connection.cursor() as cursor:
        # Two beats may come at once: the second one finds it done.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [TABLE])
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
        cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE at >= %s AND at < %s RETURNING *) "  # noqa: S608
            f"INSERT INTO {name} SELECT * FROM moved",
            bounds,
        )
        start, end = (bound.isoformat() for bound in bounds)
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')"
        )


def drop(day: date) -> None:
    """Drop the partition of ``day`` with its events.

    Raises:
        django.db.OperationalError: somebody else holds the table for long; try again.
    """
    with _changing() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {partition_name(day)}")


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


@contextmanager
def _changing() -> Iterator[BaseDatabaseWrapper]:
    """Change the table in a transaction that gives up soon rather than let others queue behind it."""
    connection = database.connection()
    with transaction.atomic(using=database.alias()):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield connection
