"""Is the database there, writable and new enough?"""

from collections.abc import Iterator

from django.db.utils import InterfaceError, OperationalError

from tasks_core.database import fetch
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter

report = Reporter("database")

OLDEST_VERSION = 14
ISOLATION = "read committed"

STATE = """
SELECT current_setting('server_version_num')::int / 10000,
    pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
    current_setting('default_transaction_isolation')
"""


def look() -> Iterator[Finding]:
    """Connect and ask."""
    try:
        [(version, is_read_only, isolation)] = fetch(STATE, {})
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
    if isolation != ISOLATION:
        yield report.unhealthy(
            f"transactions of this database user are {isolation}: claims and keys fail when they meet",
            f"set default_transaction_isolation of the role and of the database to {ISOLATION!r}",
        )


def _unreachable(error: Exception) -> Finding:
    first_line = str(error).partition("\n")[0]
    return report.unhealthy(
        f"the database cannot be reached: {first_line}",
        "start PostgreSQL, or correct DATABASE_URL",
    )
