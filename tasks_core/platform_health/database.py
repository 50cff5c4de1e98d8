"""Is the database there, writable and new enough?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.utils import InterfaceError, OperationalError

from tasks_core import clock
from tasks_core.database import fetch
from tasks_core.platform_health.finding import Finding
from tasks_core.platform_health.probe import Reporter

report = Reporter("database")

OLDEST_VERSION = 14
SKEW = timedelta(seconds=5)

STATE = """
SELECT current_setting('server_version_num')::int / 10000,
    pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
    clock_timestamp()
"""


def look() -> Iterator[Finding]:
    """Connect and ask."""
    try:
        [(version, is_read_only, database_time)] = fetch(STATE, {})
    except (OperationalError, InterfaceError) as error:
        yield _unreachable(error)
        return
    yield report.healthy(f"PostgreSQL {version} answers")
    if version < OLDEST_VERSION:
        yield report.unhealthy(
            f"PostgreSQL {version} is too old",
            f"upgrade it to {OLDEST_VERSION} or later",
        )
    if is_read_only:
        yield report.unhealthy(
            "the database is read-only: a standby, or default_transaction_read_only is on",
            "point DATABASE_URL to the primary",
        )
    skew = abs(clock.now() - database_time)
    if skew > SKEW:
        yield report.degraded(
            f"the clocks of this machine and of the database differ by {skew.total_seconds():.0f} s",
            "let both follow a time server: leases and due times are compared across machines",
        )


def _unreachable(error: Exception) -> Finding:
    first_line = str(error).partition("\n")[0]
    return report.unhealthy(
        f"the database cannot be reached: {first_line}",
        "start PostgreSQL, or correct DATABASE_URL",
    )
